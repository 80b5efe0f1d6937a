//! The settings that differ between two states of the sources: what a reload finds.

use std::collections::BTreeMap;

use super::layer::{self, Sources};
use super::{Config, FIELDS};
use crate::codec::yaml::{Node, Problems, Value};

impl Config {
    /// The paths of the fields whose values differ, in the order of the reference page.
    pub fn differences(before: &Sources<'_>, after: &Sources<'_>) -> Result<Vec<&'static str>, Problems> {
        let (before, after) = (layer::tree(before, &FIELDS)?, layer::tree(after, &FIELDS)?);
        let value = |tree, path: &str| text(path.split('.').try_fold(tree, |node: &Node, key| node.get(key)));
        let paths = FIELDS.iter().map(|field| field.path);
        Ok(paths.filter(|path| value(&before, path) != value(&after, path)).collect())
    }
}

/// A value without its position and its origin: a flag's text is the same as that of a file.
fn text(node: Option<&Node>) -> String {
    match node.map(|node| &node.value) {
        None | Some(Value::Null) => String::new(),
        Some(Value::Bool(value)) => value.to_string(),
        Some(Value::Integer(value)) => value.to_string(),
        Some(Value::Float(value)) => value.to_string(),
        Some(Value::Text(value) | Value::Loose(value)) => value.clone(),
        Some(Value::List(nodes)) => format!("{:?}", nodes.iter().map(|node| text(Some(node))).collect::<Vec<_>>()),
        Some(Value::Map(entries)) => {
            let values = entries.iter().map(|entry| (entry.key.as_str(), text(Some(&entry.node))));
            format!("{:?}", values.collect::<BTreeMap<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_differs_by_its_value_and_not_by_its_place() {
        let file = |text: &str| [("sheaf.yaml".to_owned(), text.to_owned())];
        let (one, two) = (
            file("application_id: a\nlog: { level: info }\nkafka: { bootstrap_servers: b, properties: { x: 1 } }\n"),
            file("kafka: { bootstrap_servers: b, properties: { x: 2 } }\npartitions: 8\nlog:\n  level: debug\n"),
        );
        let flags = ["application_id=a".to_owned()];
        let before = Sources { files: &one, environment: &[], flags: &[], host_name: "h" };
        let after = Sources { files: &two, environment: &[], flags: &flags, host_name: "h" };
        let differing = Config::differences(&before, &after).unwrap();
        assert_eq!(differing, ["partitions", "kafka.properties", "log.level"]);
        assert!(Config::differences(&before, &before).unwrap().is_empty());
    }
}
