//! Expressions in topology files.

use crate::codec::yaml::Item;
use crate::template::{Expression, Severity, Template};

/// Reads a condition over these variables.
pub(super) fn read(item: &Item<'_>, variables: &[&str]) -> Option<Expression> {
    compile(item, item.text()?, variables)
}

/// Compiles an expression over these variables that stands at this item.
pub(super) fn compile(item: &Item<'_>, text: &str, variables: &[&str]) -> Option<Expression> {
    let expression = match Expression::compile(text) {
        Ok(expression) => expression,
        Err(error) => {
            item.problem(error, None);
            return None;
        }
    };
    // As a template it is checked for unknown names.
    let template = Template::compile("expression", &format!("{{{{ ({}) }}}}", expression.text()));
    let findings = template.map(|template| template.lint(variables)).unwrap_or_default();
    for finding in findings.iter().filter(|finding| finding.severity == Severity::Error) {
        let names: Vec<String> = variables.iter().map(|name| format!("`{name}`")).collect();
        let hint = if names.is_empty() {
            "there are no variables here: write the value itself".to_owned()
        } else {
            format!("its variables are {}", listed(&names))
        };
        item.problem(finding.text.clone(), Some(hint));
    }
    Some(expression)
}

/// `a, b and c`.
fn listed(names: &[String]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}
