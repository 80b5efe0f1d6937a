//! The order of a deployed folder: its name, and what the body of `POST /run/order` must have.
//!
//! The body is `{"ctm", "folder", "variables": [{"NAME": "value"}], ..}`; the fields are those of BMC's `OrderFolderParameters`.

use serde_json::{Map, Value};

use super::jobs_as_code::{Finding, NAME_CHARS_MAX, Rule, is_forbidden};

/// The beginning of the names of orders. Those of folders begin otherwise, so a stored deliverable tells what it is.
const PREFIX: &str = "order-";

/// The fields of the body.
const FIELDS: [&str; 11] = [
    "ctm",
    "folder",
    "jobs",
    "hold",
    "ignoreCriteria",
    "independentFlow",
    "orderDate",
    "orderIntoFolder",
    "createDuplicate",
    "waitForOrderDate",
    "variables",
];

static SERVER: Rule = Rule::of_order("order_server", "write `\"ctm\": \"{{ server_name }}\"`");
static FOLDER: Rule = Rule::of_order(
    "order_folder",
    "write the name of a deployed folder, 1 to 64 characters without blanks, ' $ / * ? \" and the special characters of Latin-1",
);
static VARIABLES: Rule = Rule::of_order(
    "order_variables",
    "write a list of objects with one text each: `[{ \"ID\": \"{{ bundle_id }}\" }]`",
);
static FIELD: Rule = Rule::of_order_warning("order_field", "Control-M may ignore it");

/// The name of a bundle's order: for records and alerts, Control-M does not know it.
pub(super) fn name(bundle_id: &str) -> String {
    format!("{PREFIX}{bundle_id}")
}

/// True for the name of an order.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// What is wrong with the body of an order.
pub(super) fn check(order: &Map<String, Value>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |rule: &'static Rule, pointer: String, what: String| findings.push(Finding { rule, pointer, what });
    let text = |key: &str| order.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("ctm").is_empty() {
        add(&SERVER, "/ctm".to_owned(), "the order names no server".to_owned());
    }
    let folder = text("folder");
    let chars = folder.chars().count();
    if !(1..=NAME_CHARS_MAX).contains(&chars) {
        add(&FOLDER, "/folder".to_owned(), format!("the name of the folder has {chars} characters"));
    } else if let Some(bad) = folder.chars().find(|character| is_forbidden(*character)) {
        add(&FOLDER, "/folder".to_owned(), format!("the name of the folder has {bad:?}"));
    }
    match order.get("variables") {
        None => {}
        Some(Value::Array(variables)) => {
            for (index, variable) in variables.iter().enumerate().filter(|(_, variable)| !is_variable(variable)) {
                add(&VARIABLES, format!("/variables/{index}"), format!("`{variable}` is no variable"));
            }
        }
        Some(other) => add(&VARIABLES, "/variables".to_owned(), format!("`{other}` is no list")),
    }
    for key in order.keys().filter(|key| !FIELDS.contains(&key.as_str())) {
        let what = format!("`{key}` is none of the fields {}", FIELDS.join(", "));
        add(&FIELD, format!("/{key}"), what);
    }
    findings
}

fn is_variable(variable: &Value) -> bool {
    let Some(fields) = variable.as_object() else { return false };
    fields.len() == 1 && fields.iter().all(|(name, value)| !name.is_empty() && value.is_string())
}

#[cfg(test)]
mod tests {
    use super::check;

    fn findings(order: &serde_json::Value) -> Vec<String> {
        check(order.as_object().unwrap()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_order_names_its_server_and_a_deployed_folder() {
        let order = serde_json::json!({
            "ctm": "smprod", "folder": "ship", "variables": [{"PARM1": "-n 5"}], "ignoreCriteria": "true"
        });
        assert_eq!(findings(&order), Vec::<String>::new());
        for (wrong, expected) in [
            (serde_json::json!({"folder": "ship"}), "/ctm: the order names no server: write `\"ctm\""),
            (serde_json::json!({"ctm": "s"}), "/folder: the name of the folder has 0 characters: write the name of a"),
            (serde_json::json!({"ctm": "s", "folder": 1}), "/folder: the name of the folder has 0 characters"),
            (serde_json::json!({"ctm": "s", "folder": "a b"}), "/folder: the name of the folder has ' '"),
            (serde_json::json!({"ctm": "s", "folder": "f", "variables": {}}), "/variables: `{}` is no list"),
            (
                serde_json::json!({"ctm": "s", "folder": "f", "variables": [{"A": "1"}, {"B": "2", "C": "3"}]}),
                "/variables/1: `{\"B\":\"2\",\"C\":\"3\"}` is no variable: write a list of objects",
            ),
            (serde_json::json!({"ctm": "s", "folder": "f", "variables": [{"A": 1}]}), "/variables/0: `{\"A\":1}`"),
            (serde_json::json!({"ctm": "s", "folder": "f", "varibles": []}), "/varibles: `varibles` is none of the"),
        ] {
            let found = findings(&wrong);
            assert!(matches!(found.as_slice(), [only] if only.starts_with(expected)), "{wrong}: {found:?}");
        }
    }
}
