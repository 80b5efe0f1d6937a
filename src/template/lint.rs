//! Problems of a template's source that can be told before any value is known.

use std::collections::BTreeSet;
use std::fmt;

use minijinja::{Environment, ErrorKind, Value};

use super::error::At;
use super::uses::{self, Kind, Use};
use super::{data, known};

/// What a finding means for the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Bundles fail: the template must be corrected.
    Error,
    /// Some bundles may fail.
    Warning,
}

/// A problem that is found without a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it means.
    pub severity: Severity,
    /// The position, the problem, and the remedy.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The findings of a source, in the order of its lines.
pub(super) fn findings(
    template: &str,
    source: &str,
    variables: &[&str],
    environment: &Environment<'_>,
) -> Vec<Finding> {
    let uses = uses::of(template, source);
    let guarded = uses.names.iter().filter(|used| used.kind == Kind::Guarded).map(|used| used.name.as_str()).collect();
    let engine = Engine { variables, environment, guarded };
    let mut found: Vec<(usize, Severity, String)> = data::mistaken(source)
        .into_iter()
        .map(|tag| (tag.line, Severity::Error, tag.detail))
        .chain(uses.names.iter().filter_map(|used| Some((used.line, Severity::Error, engine.judge(used)?))))
        .chain(uses.calculations.into_iter().map(|calculation| {
            let field = calculation.field;
            let text = format!("`{field}` must be a number: if events write it as a text, write `{field} | int`");
            (calculation.line, Severity::Warning, text)
        }))
        .collect();
    found.sort();
    let at = |line| At { template: template.to_owned(), line, rendered: false };
    found
        .into_iter()
        .map(|(line, severity, text)| Finding { severity, text: format!("{}: {text}", at(line)) })
        .collect()
}

/// The names that the engine and the context have.
struct Engine<'a> {
    variables: &'a [&'a str],
    environment: &'a Environment<'a>,
    /// The variables that are asked for with care somewhere: a rendering tells of other uses that fail.
    guarded: BTreeSet<&'a str>,
}

impl Engine<'_> {
    /// The problem of a use; `None` if the name is known.
    fn judge(&self, used: &Use) -> Option<String> {
        let name = used.name.as_str();
        if self.is_known(used.kind, name) || self.is_asked_for(used) {
            return None;
        }
        let (what, names) = match used.kind {
            Kind::Variable | Kind::Guarded => ("is no variable", self.variables),
            Kind::Filter => ("is no filter of MiniJinja", known::FILTERS),
            Kind::Test => ("is no test of MiniJinja", known::TESTS),
            Kind::Function => ("is no function of MiniJinja", known::FUNCTIONS),
            Kind::Method => ("is no method of MiniJinja's values", known::METHODS),
            Kind::Statement => ("reads another template, and there is none", &[][..]),
        };
        let meant = closest(name, names);
        let remedy = match (known::remedy(used.kind, name), meant) {
            (Some(remedy), _) => remedy.to_owned(),
            (None, Some(meant)) => format!("did you mean `{meant}`?"),
            (None, None) if used.kind == Kind::Method => "most of Python's for texts and objects work".to_owned(),
            (None, None) if names.is_empty() => "leave it out".to_owned(),
            (None, None) => format!("there are {}", names.join(", ")),
        };
        Some(format!("`{name}` {what}: {remedy}"))
    }

    /// True for a variable that the template asks for with care, and that resembles none that exists.
    fn is_asked_for(&self, used: &Use) -> bool {
        let is_variable = matches!(used.kind, Kind::Variable | Kind::Guarded);
        is_variable && self.guarded.contains(used.name.as_str()) && closest(&used.name, self.variables).is_none()
    }

    fn is_known(&self, kind: Kind, name: &str) -> bool {
        let mut state = self.environment.empty_state();
        match kind {
            Kind::Variable | Kind::Guarded => self.variables.contains(&name) || self.is_global(name),
            Kind::Function => self.is_global(name),
            Kind::Filter => !is_unknown(state.apply_filter(name, &[Value::from("")]), ErrorKind::UnknownFilter),
            Kind::Test => !is_unknown(state.perform_test(name, &[Value::from("")]), ErrorKind::UnknownTest),
            Kind::Method => known::METHODS.contains(&name),
            Kind::Statement => false,
        }
    }

    fn is_global(&self, name: &str) -> bool {
        self.environment.globals().any(|(global, _)| global == name)
    }
}

fn is_unknown<T>(result: Result<T, minijinja::Error>, kind: ErrorKind) -> bool {
    result.is_err_and(|error| error.kind() == kind)
}

/// The known name that is closest to a name, if one is close.
fn closest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let distances = known.iter().map(|other| (strsim::damerau_levenshtein(&name.to_lowercase(), other), *other));
    let (distance, best) = distances.min()?;
    (distance <= 1 + best.chars().count() / 4).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::Severity;
    use super::known::{FILTERS, FUNCTIONS, METHODS, TESTS};
    use crate::template::Template;

    fn findings(source: &str) -> Vec<String> {
        let template = Template::compile("t.json", source).unwrap();
        let found = template.lint(&["bundle_id", "late", "parent", "children"]);
        found.into_iter().filter(|one| one.severity == Severity::Error).map(|one| one.text).collect()
    }

    #[test]
    fn each_unknown_name_is_told_with_its_line_and_what_to_write() {
        for (source, words) in [
            ("{{ bundel_id }}", "`bundel_id` is no variable: did you mean `bundle_id`?"),
            ("{{ bundel_id | default(1) }}", "did you mean `bundle_id`?"),
            ("{{ region }}", "there are bundle_id, late, parent, children"),
            (
                "{% if late %}{{ parent.a | uper }}{% endif %}",
                "`uper` is no filter of MiniJinja: did you mean `upper`?",
            ),
            ("{{ parent | to_nice_json }}", "write `x | tojson`"),
            ("{{ parent.a | safe }}", "every value is escaped, once"),
            ("{{ 1 if parent.a is match('x') }}", "`match` is no test of MiniJinja: write `\"part\" in x`"),
            ("{{ now() }}", "`now` is no function of MiniJinja: a template has no clock"),
            ("{{ len(children) }}", "write `x | length`"),
            ("{{ parent.at.strftime('%Y') }}", "parts can be cut: `x[:10]`"),
            ("{% do children.append(1) %}", "values cannot be changed"),
            ("{% include 'a.json' %}", "`include` reads another template"),
            ("{% import 'a.json' as m %}{{ m.x() }}", "`import` reads another template"),
            ("{% for c in children %}{% endfor %}{{ c.id }}", "`c` is no variable"),
            ("{{ loop.index }}", "inside of a `{% for %}` only"),
            ("\"${#list[@]} #}\"", "`{#` inside a JSON string begins a comment"),
        ] {
            let found = findings(&format!("{{}}\n{source}"));
            assert!(found.len() == 1 && found[0].contains(words), "{source}: {found:?}");
            assert!(found[0].starts_with("template t.json, line 2: "), "{found:?}");
        }
        assert_eq!(findings("{{ a }}{{ b | c }}\n{{ d() }}").len(), 4, "all are told");
    }

    #[test]
    fn what_exists_is_no_finding() {
        for source in [
            "{{ parent.any.name | default('x') }} {{ children[0]['a b'] }} {{ parent.items() }} {{ bundle_id.split('-')[0] }}",
            "{{ region | default('x') }}{% if other is defined and other.a %}{{ other }}{% endif %}",
            "{% for k, v in parent | items recursive %}{{ k }}{{ v }}{{ loop.cycle(1, 2) }}{{ loop(v) }}{% endfor %}",
            "{% set ns = namespace(n=0) %}{% set ns.n = ns.n + 1 %}{{ ns.n }}",
            "{% macro m(a, b=late) %}{{ a }}{{ b }}{{ caller() }}{% endmacro %}{{ m(1) }}{% call m(2) %}{% endcall %}",
            "{% with x = late %}{{ x }}{% endwith %}{% set y %}a{% endset %}{{ y }}{% if late %}{% set z = 1 %}{% endif %}{{ z }}",
            "{% raw %}\"${#list[@]} #}\" {%%X}{% endraw %}{# a comment #}",
        ] {
            assert_eq!(findings(source), Vec::<String>::new(), "{source}");
        }
    }

    #[test]
    fn the_lists_of_names_are_those_of_the_engine() {
        for name in FILTERS {
            assert_eq!(findings(&format!("{{{{ 1 | {name} }}}}")), Vec::<String>::new());
        }
        for name in TESTS {
            assert_eq!(findings(&format!("{{{{ 1 is {name} }}}}")), Vec::<String>::new());
        }
        for name in FUNCTIONS {
            assert_eq!(findings(&format!("{{{{ {name}() }}}}")), Vec::<String>::new());
        }
        let values = serde_json::json!({"text": "a", "object": {}, "list": []});
        for name in METHODS {
            let error = |value: &str| {
                let source = format!("{{{{ {value}.{name}() }}}}");
                Template::compile("t.json", &source).unwrap().render(&values).unwrap_err().to_string()
            };
            let unknown = ["text", "object", "list"].iter().all(|value| error(value).contains("has no method named"));
            assert!(!unknown, "{name}");
        }
    }
}
