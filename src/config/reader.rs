//! Reads fields from the tree by their paths, validated by their rows of the table.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::field::{Default, Field, Kind};
use super::reference::Reference;
use crate::codec::yaml::{Collector, Entry, Item, Node, Origin, Problem, Read, Value, closest};
use crate::topology::APPLICATION_CHARS_MAX;

/// The longest application or instance id; they are parts of topic names, which Kafka limits to 249 characters.
const NAME_CHARS_MAX: usize = APPLICATION_CHARS_MAX;

/// Reads fields from a tree. `None`: the field is absent, or its value is invalid; problems are in the collector.
pub(super) struct Reader<'a> {
    fields: &'a [Field],
    tree: &'a Node,
    collector: &'a Collector,
}

impl<'a> Reader<'a> {
    pub(super) fn new(fields: &'a [Field], tree: &'a Node, collector: &'a Collector) -> Self {
        Self { fields, tree, collector }
    }

    pub(super) fn value<T: Read>(&self, path: &str) -> Option<T> {
        self.item(path)?.read()
    }

    /// A name that is legal in names of Kafka topics.
    pub(super) fn name(&self, path: &str) -> Option<String> {
        let item = self.item(path)?;
        let name = item.text()?;
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(legal) {
            return Some(name.to_owned());
        }
        let allowed = format!("take 1 to {NAME_CHARS_MAX} letters, digits, `.`, `_` and `-`");
        item.problem(format!("`{name}` cannot be part of a topic's name"), Some(allowed));
        None
    }

    pub(super) fn word<T: Copy>(&self, path: &str, words: &[(&str, T)]) -> Option<T> {
        self.item(path)?.word(words)
    }

    /// A whole number within the range of its row.
    pub(super) fn integer<T: TryFrom<i64>>(&self, path: &str) -> Option<T> {
        let Kind::Integer(least, most) = self.row(path)?.kind else { return None };
        self.item(path)?.integer(least..=most)
    }

    /// A duration above zero; all durations are limits or intervals.
    pub(super) fn duration(&self, path: &str) -> Option<Duration> {
        let item = self.item(path)?;
        let duration: Duration = item.read()?;
        if duration.is_zero() {
            item.problem("this must be longer than 0", None);
            return None;
        }
        Some(duration)
    }

    pub(super) fn paths(&self, path: &str) -> Option<Vec<PathBuf>> {
        Some(self.item(path)?.texts()?.into_iter().map(PathBuf::from).collect())
    }

    pub(super) fn reference(&self, path: &str) -> Option<Reference> {
        self.item(path)?.parsed(Reference::parse)
    }

    /// A map of references; empty when the field is absent.
    pub(super) fn references(&self, path: &str) -> Option<BTreeMap<String, Reference>> {
        let Some(item) = self.item(path) else { return Some(BTreeMap::new()) };
        let map: BTreeMap<String, String> = item.read()?;
        let mut references = BTreeMap::new();
        for (name, value) in map {
            match Reference::parse(&value) {
                Ok(reference) => drop(references.insert(name, reference)),
                Err(message) => item.problem(format!("{name}: {message}"), None),
            }
        }
        Some(references)
    }

    /// The item of a field. A required field that is absent is a problem.
    pub(super) fn item(&self, path: &str) -> Option<Item<'a>> {
        let row = self.row(path)?;
        let mut item = Item::root(self.tree, self.collector);
        for key in path.split('.') {
            let Some(node) = item.node().get(key).filter(|node| node.value != Value::Null) else {
                if row.default == Default::Required {
                    self.missing(path);
                }
                return None;
            };
            item = item.below(key, node);
        }
        Some(item)
    }

    /// Reports a field as required and absent.
    pub(super) fn missing(&self, path: &str) {
        let hint = self.row(path).map(|row| format!("add it to a file, or set {}", row.variable()));
        self.collector.push(Problem::new(path, &self.tree.at, "this key is required and missing").hint(hint));
    }

    /// The row of a field. A path without one fails every test that loads a configuration.
    fn row(&self, path: &str) -> Option<&Field> {
        let row = self.fields.iter().find(|field| field.path == path);
        if row.is_none() {
            self.collector.push(Problem::new(path, &self.tree.at, "this key has no row in FIELDS"));
        }
        row
    }

    /// Reports keys that are not in the table, and sections that are not maps.
    pub(super) fn report_unknown(&self) {
        self.report_unknown_below("", self.tree);
    }

    fn report_unknown_below(&self, above: &str, node: &Node) {
        for entry in node.entries() {
            let path = if above.is_empty() { entry.key.clone() } else { format!("{above}.{}", entry.key) };
            let section = format!("{path}.");
            if self.fields.iter().any(|field| field.path == path) {
                continue;
            }
            if !self.fields.iter().any(|field| field.path.starts_with(&section)) {
                self.collector.push(unknown(self.fields, &path, above, entry));
            } else if matches!(entry.node.value, Value::Map(_)) {
                self.report_unknown_below(&path, &entry.node);
            } else {
                let problem = Problem::new(&path, &entry.node.at, "expected a map");
                self.collector.push(problem);
            }
        }
    }
}

fn unknown(fields: &[Field], path: &str, above: &str, entry: &Entry) -> Problem {
    let siblings: Vec<&str> = fields
        .iter()
        .filter_map(|field| {
            let rest = if above.is_empty() { field.path } else { field.path.strip_prefix(above)?.strip_prefix('.')? };
            rest.split('.').next()
        })
        .collect();
    let hint = closest(&entry.key, siblings.iter().copied()).or_else(|| {
        // The key may belong to another section.
        let elsewhere = fields.iter().find(|field| field.path.rsplit('.').next() == Some(&entry.key))?;
        Some(format!("did you mean `{}`?", elsewhere.path))
    });
    let fallback = matches!(&*entry.key_at.origin, Origin::File { .. })
        .then(|| "docs/configuration.md lists every key".to_owned());
    Problem::new(path, &entry.key_at, "this key is unknown").hint(hint.or(fallback))
}
