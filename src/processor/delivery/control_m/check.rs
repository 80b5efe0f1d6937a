//! Renders the definitions of sample bundles, so that a template's mistakes are told before the first bundle.
//!
//! The samples are bundles with few and with many children, in time and late. Their payloads have every field that the
//! template asks for: whether events have it is not known here.

use std::collections::BTreeSet;

use super::definition::{Content, Error, render_opening, render_with, variables};
use super::jobs_as_code::{self, EVENTS_MAX};
use super::{Folders, Submit};
use crate::processor::bundle::NamedChildren;
use crate::processor::delivery::sample::{BUNDLE_ID, Bundle, Children, Filled, bundles};
use crate::template::{self, Finding, Sample, Severity};

impl Folders {
    /// The findings in the template, errors first of all in each bundle; empty if each sample renders.
    pub fn check(&self, children: Children<'_>) -> Vec<Finding> {
        let mut findings = self.template.lint(&variables(self.mode, self.submit));
        // A rendering stops at an unknown name, and tells nothing else then.
        if findings.iter().any(|finding| finding.severity == Severity::Error) {
            return findings;
        }
        let sample = Sample::of(&self.template);
        let mut told = BTreeSet::new();
        for bundle in bundles(children, &[EVENTS_MAX + 1]) {
            // One mistake is found in several samples, with other words.
            match self.sample(&sample, bundle, children.names) {
                Err(error) => {
                    if told.insert(place(&error)) {
                        let severity =
                            severity(&sample, &error, bundle, (children, &variables(self.mode, self.submit)));
                        findings.push(Finding { severity, text: format!("{error} ({bundle})") });
                    }
                }
                Ok(found) => {
                    let new = found.into_iter().filter(|found| told.insert(place_of(found)));
                    findings.extend(new.map(|found| self.finding(&found, bundle, children)));
                }
            }
        }
        findings
    }

    /// What only bundles of unusual size break is a warning.
    fn finding(&self, found: &jobs_as_code::Finding, bundle: Bundle, children: Children<'_>) -> Finding {
        let severity = if bundle.is_usual(children) { found.rule.severity } else { Severity::Warning };
        Finding { severity, text: format!("template {}: {found} ({bundle})", self.template.name()) }
    }

    /// The findings in a sample bundle.
    fn sample(
        &self,
        sample: &Sample,
        bundle: Bundle,
        names: &[NamedChildren],
    ) -> Result<Vec<jobs_as_code::Finding>, Error> {
        let folder = format!("{}{BUNDLE_ID}", self.folder_prefix);
        if self.submit == Submit::Progressive {
            let events: Vec<String> = bundle.members().collect();
            return Ok(render_opening(self, BUNDLE_ID, &events, &folder)?.named(self, &folder)?.findings);
        }
        let filled = Filled::of(bundle, sample);
        let content = Content {
            bundle_id: BUNDLE_ID,
            parent: filled.parent.as_ref(),
            children: &filled.children,
            members: filled.by_name(names),
            folder: &folder,
            first_event_at: &filled.first_event_at,
            completed_at: &filled.completed_at,
            late: &filled.late,
        };
        Ok(render_with(self, sample.template(), content)?.named(self, &folder)?.findings)
    }
}

/// A mistake that certainly meets bundles is an error. The number of children is one of the events, as are their fields.
fn severity(
    sample: &Sample,
    error: &Error,
    bundle: Bundle,
    (children, variables): (Children<'_>, &[&str]),
) -> Severity {
    let certain = match error {
        Error::Template(error @ template::Error::Evaluation { .. }) => !sample.is_uncertain(error, variables),
        // A child that this bundle does not have: `children[2]`.
        Error::Template(template::Error::Undefined { .. }) => bundle.children == children.usual,
        Error::Template(_) | Error::NoFolder { .. } | Error::Invalid { .. } => true,
    };
    if certain && (bundle.children > 0 || children.usual == 0) { Severity::Error } else { Severity::Warning }
}

/// The mistake that an error tells of, whatever the sample.
fn place(error: &Error) -> String {
    match error {
        Error::Template(error) => error.place(),
        Error::NoFolder { .. } => "no_folder".to_owned(),
        Error::Invalid { .. } => "invalid".to_owned(),
    }
}

/// The rule and the place of a finding. Jobs of different children are one place.
fn place_of(found: &jobs_as_code::Finding) -> String {
    let mut place = format!("{}{}", found.rule.name, found.pointer.replace(BUNDLE_ID, ""));
    place.retain(|character| !character.is_ascii_digit());
    place
}

#[cfg(test)]
mod tests {
    use super::{Children, Folders, NamedChildren, Severity, Submit};
    use crate::template::Template;

    const ONE: Children<'_> = Children { usual: 1, varies: false, has_parent: true, names: &[] };
    const ANY: Children<'_> = Children { usual: 1, varies: true, has_parent: true, names: &[] };

    /// The findings in a template with this text for a job, and another one for each child.
    fn findings(job: &str, children: Children<'_>) -> Vec<(Severity, String)> {
        let source = format!(
            "{{\"{{{{ folder }}}}\": {{\"Type\": \"Folder\", \"ControlmServer\": \"s\", \"DaysKeepActive\": 1, \"one\": {{\"Type\": \"Job:Dummy\"}},\n\
             {job}}}}}"
        );
        of(&source, children)
    }

    fn of(source: &str, children: Children<'_>) -> Vec<(Severity, String)> {
        let template = Template::compile("t.json", source).unwrap();
        let folders = Folders::new(template, "s");
        folders.check(children).into_iter().map(|finding| (finding.severity, finding.text)).collect()
    }

    fn is_told(found: &[(Severity, String)], severity: Severity, words: &str) -> bool {
        matches!(found, [(told, text)] if *told == severity && text.contains(words))
    }

    #[test]
    fn the_shipped_template_serves_any_number_of_children() {
        let shipped = include_str!("../../../../templates/bundle.json");
        assert_eq!(of(shipped, ANY), []);
        for usual in [98, 99, 100, 1_000, 5_000] {
            assert_eq!(of(shipped, Children { usual, ..ONE }), [], "{usual}");
        }
    }

    #[test]
    fn the_shipped_template_of_folders_that_wait_serves_any_number_of_members() {
        let shipped = include_str!("../../../../templates/progressive.json");
        for (usual, has_parent) in
            [(1, true), (1, false), (97, true), (98, true), (99, true), (100, false), (3_000, true)]
        {
            let template = Template::compile("t.json", shipped).unwrap();
            let folders = Folders { submit: Submit::Progressive, retention_days: 14, ..Folders::new(template, "s") };
            assert_eq!(folders.check(Children { usual, has_parent, ..ONE }), [], "{usual}");
        }
    }

    #[test]
    fn a_template_of_complete_bundles_is_told_that_nothing_is_known_of_members() {
        let template = Template::compile("t.json", include_str!("../../../../templates/bundle.json")).unwrap();
        let folders = Folders { submit: Submit::Progressive, ..Folders::new(template, "s") };
        let found = folders.check(ONE);
        assert!(found.iter().any(|finding| finding.text.contains("children")), "{found:?}");
    }

    #[test]
    fn more_events_than_control_m_takes_are_told() {
        let events = "{\"Event\": \"{{ loop.index }}\"}{{ \",\" if not loop.last }}";
        let job = format!(
            "\"j\": {{\"Type\": \"AddEvents\", \"Events\": [{{% for c in children %}}{events}{{% endfor %}}]}}"
        );
        let found = findings(&job, ANY);
        assert!(is_told(&found, Severity::Warning, "has 100 events, and Control-M takes at most 99"), "{found:?}");
        assert_eq!(findings(&job, Children { usual: 99, ..ONE }), []);
        let found = findings(&job, Children { usual: 120, ..ONE });
        assert!(is_told(&found, Severity::Error, "has 120 events, and Control-M takes at most 99"), "{found:?}");
    }

    #[test]
    fn what_fails_in_each_bundle_or_only_in_some_is_an_error() {
        for (job, words) in [
            ("\"a\": [{% for c in children %}{},{% endfor %}]", "{{ \",\" if not loop.last }}"),
            ("\"a\": [{% for c in children %}{}{% endfor %}]", "with 3 children, in time"),
            ("\"a\": [{% if late %}{}{}{% endif %}]", "with 1 child, late"),
            ("\"a\": \"{{ parent | tojson }}\"", "inside quotes"),
            ("\"a\": {{ bundle_id }}", "outside quotes"),
            ("\"a\": \"{{ children[5].id }}\"", "`children[5].id` is undefined"),
        ] {
            let found = findings(job, ANY);
            assert!(is_told(&found, Severity::Error, words), "{job}: {found:?}");
        }
        let found = of("{\"folder-{{ bundle_id | upper }}\": {}}", ONE);
        assert!(is_told(&found, Severity::Error, "name its folder {{ folder }}"), "{found:?}");
    }

    #[test]
    fn what_depends_on_the_event_is_a_warning() {
        assert_eq!(findings("\"a\": \"{{ children[2].id }}\"", Children { usual: 3, ..ONE }), []);
        let found = findings("\"a\": \"{{ children[0].id }}\"", ANY);
        assert!(is_told(&found, Severity::Warning, "with 0 children, in time"), "{found:?}");
        let found = findings("\"a\": \"{{ parent.count + 1 }}\"", ONE);
        assert!(is_told(&found, Severity::Warning, "`parent.count | int`"), "{found:?}");
    }

    #[test]
    fn children_that_are_counted_by_name_are_members() {
        let counted = |name: &str, count| NamedChildren { name: name.into(), count, min: count };
        let names = [counted("payment", 1), counted("shipment", 2)];
        let by_name = Children { usual: 3, names: &names, ..ONE };
        let of = |name: &str, index: u32| format!("\"a\": \"{{{{ members.{name}[{index}].id }}}}\"");
        assert_eq!(findings(&of("payment", 0), by_name), []);
        assert_eq!(findings(&of("shipment", 1), by_name), []);
        for (name, index) in [("payment", 1), ("shipmnt", 0)] {
            let found = findings(&of(name, index), by_name);
            assert!(is_told(&found, Severity::Error, &format!("members.{name}")), "{found:?}");
        }
    }

    #[test]
    fn bundles_without_a_parent_have_none_in_their_samples() {
        let without = Children { has_parent: false, ..ANY };
        let found = findings("\"a\": \"{{ parent.id }}\"", without);
        assert!(is_told(&found, Severity::Error, "with 1 child and without a parent, in time"), "{found:?}");
        let guarded =
            "\"a\": \"{{ parent.id if parent else bundle_id }}{% for c in children %}{{ c.id }}{% endfor %}\"";
        assert_eq!((findings(guarded, without), findings(guarded, ANY)), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_payload_is_what_the_template_takes_it_for() {
        for expression in [
            "parent.a.b[\"c d\"].e",
            "parent.name.upper().split(\" \")[0] ~ parent.name[:3] ~ (parent.name + \"-x\")",
            "parent.lines | sum(attribute=\"price\") ~ (parent.lines | first).sku ~ parent.lines[0].sku",
            "parent.tags | join(\",\")",
            "(parent.n | int) * 2",
            "\"%05d\" | format(parent.number)",
            "parent.count | default(0) | round(2)",
            "\"x\" in parent.text",
            "parent.get(\"name\", \"none\") ~ parent.keys() | length",
            "children[parent.index].id",
            "completed_at[:10] | replace(\"-\", \"\")",
        ] {
            assert_eq!(findings(&format!("\"a\": \"{{{{ {expression} }}}}\""), ONE), [], "{expression}");
        }
        let loops = "\"a\": [{% for line in parent.lines %}{% for k, v in line.parts | items %}\"{{ k }}{{ v }}{{ line.sku }}\",\
            {% endfor %}{% endfor %}{% for i in range(parent.n) %}{{ i }},{% endfor %}0]";
        assert_eq!(findings(loops, ONE), []);
        let keys =
            "{% for c in children %}\"{{ c.id }}-{{ c.name }}\": {}, \"{{ c.name }}\": {}, {% endfor %}\"z\": {}";
        assert_eq!(findings(keys, Children { usual: 50, ..ONE }), [], "the values of children differ");
    }
}
