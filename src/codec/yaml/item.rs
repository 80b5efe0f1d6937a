//! A node with its path and the collector of problems, read as typed values.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::duration::duration;
use super::node::{Node, Value};
use super::parse::join;
use super::problem::{Collector, Problem, closest};

/// A node with its path and the collector of problems.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    node: &'a Node,
    path: String,
    collector: &'a Collector,
}

/// A type that can be read from one node.
pub trait Read: Sized {
    /// Reads the node; `None` with a problem in the collector.
    fn read(item: &Item<'_>) -> Option<Self>;
}

impl<'a> Item<'a> {
    /// The root of a tree.
    pub fn root(node: &'a Node, collector: &'a Collector) -> Self {
        Self { node, path: String::new(), collector }
    }

    /// A node below this one.
    #[must_use]
    pub fn below(&self, key: &str, node: &'a Node) -> Self {
        Self { node, path: join(&self.path, key), collector: self.collector }
    }

    /// The node.
    pub fn node(&self) -> &'a Node {
        self.node
    }

    /// The path (`bundle.sla`, `sources[1]`); empty for the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The collector of problems.
    pub(super) fn collector(&self) -> &'a Collector {
        self.collector
    }

    /// Adds a problem about this node.
    pub fn problem(&self, message: impl Into<String>, hint: Option<String>) {
        self.collector.push(Problem::new(&self.path, &self.node.at, message).hint(hint));
    }

    /// The node as a `T`.
    pub fn read<T: Read>(&self) -> Option<T> {
        T::read(self)
    }

    /// The node as text; a number or a boolean is a problem.
    pub fn text(&self) -> Option<&'a str> {
        match &self.node.value {
            Value::Text(text) | Value::Loose(text) => Some(text),
            Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {
                self.expected("a text", Some("put it in quotes".to_owned()))
            }
            Value::Null | Value::List(_) | Value::Map(_) => self.expected("a text", None),
        }
    }

    /// The node as text, parsed by `parse`, whose error becomes the problem.
    pub fn parsed<T, E: fmt::Display>(&self, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        match parse(self.text()?) {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(error.to_string(), None);
                None
            }
        }
    }

    /// The value of one of these words.
    pub fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let allowed: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let hint = closest(text, words.iter().map(|(word, _)| *word));
        self.expected(&format!("one of {}", allowed.join(", ")), hint)
    }

    /// The node as a whole number within a range.
    pub fn integer<T: TryFrom<i64>>(&self, range: RangeInclusive<i64>) -> Option<T> {
        let number = match &self.node.value {
            Value::Integer(number) => Some(*number),
            Value::Loose(text) => text.parse().ok(),
            Value::Null | Value::Bool(_) | Value::Float(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => None,
        };
        let number = number.filter(|number| range.contains(number)).and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            let expected = format!("a whole number from {} to {}", range.start(), range.end());
            return self.expected(&expected, None);
        }
        number
    }

    /// The elements of a list as texts; text from a variable or a flag is split at commas.
    pub fn texts(&self) -> Option<Vec<String>> {
        if let Value::Loose(text) = &self.node.value {
            return Some(text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect());
        }
        // All elements are read before the first failure ends it, so that all problems are reported.
        let texts: Vec<Option<String>> = self.items()?.iter().map(Self::read).collect();
        texts.into_iter().collect()
    }

    /// The elements of a list.
    pub fn items(&self) -> Option<Vec<Self>> {
        let Value::List(nodes) = &self.node.value else { return self.expected("a list", None) };
        let item = |(index, node)| Self { node, path: format!("{}[{index}]", self.path), collector: self.collector };
        Some(nodes.iter().enumerate().map(item).collect())
    }

    /// The keys of a map whose names are the user's, with their values.
    pub fn entries(&self) -> Option<Vec<(&'a str, Self)>> {
        if !matches!(self.node.value, Value::Map(_)) {
            return self.expected("a map", None);
        }
        let entries = self.node.entries().iter();
        Some(entries.map(|entry| (entry.key.as_str(), self.below(&entry.key, &entry.node))).collect())
    }

    /// Adds a problem with the expected and the found type.
    pub fn expected<T>(&self, what: &str, hint: Option<String>) -> Option<T> {
        self.problem(format!("expected {what}, found {}", self.node.found()), hint);
        None
    }
}

impl Read for String {
    fn read(item: &Item<'_>) -> Option<Self> {
        item.text().map(str::to_owned)
    }
}

impl Read for PathBuf {
    fn read(item: &Item<'_>) -> Option<Self> {
        item.text().map(Self::from)
    }
}

impl Read for bool {
    fn read(item: &Item<'_>) -> Option<Self> {
        match &item.node().value {
            Value::Bool(value) => Some(*value),
            Value::Loose(text) if matches!(text.as_str(), "true" | "false") => Some(text == "true"),
            Value::Null
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::Loose(_)
            | Value::List(_)
            | Value::Map(_) => item.expected("`true` or `false`", None),
        }
    }
}

impl Read for Duration {
    fn read(item: &Item<'_>) -> Option<Self> {
        if let Value::Integer(number) = item.node().value {
            let hint = format!("write the unit: `{number}s` or `{number}m` or `{number}h`");
            return item.expected("a duration", Some(hint));
        }
        item.parsed(duration)
    }
}

impl Read for SocketAddr {
    fn read(item: &Item<'_>) -> Option<Self> {
        item.parsed(|text| {
            // The name of this host needs no look-up; others could have several addresses, or none yet.
            let text =
                text.strip_prefix("localhost:").map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
            text.parse().map_err(|_reason: std::net::AddrParseError| {
                let remedy = match text.strip_prefix(':') {
                    Some(port) => {
                        format!("write `0.0.0.0:{port}` for all addresses, `127.0.0.1:{port}` for this host only")
                    }
                    None => "write an IP address and a port, such as `127.0.0.1:8080` or `[::1]:8080`".to_owned(),
                };
                format!("expected an address and a port, found `{text}`: {remedy}")
            })
        })
    }
}

impl Read for BTreeMap<String, String> {
    /// Numbers and booleans become text, because client properties are written like `linger.ms: 5`.
    fn read(item: &Item<'_>) -> Option<Self> {
        let Value::Map(entries) = &item.node().value else { return item.expected("a map", None) };
        let mut map = Self::new();
        for entry in entries {
            let value = match &entry.node.value {
                Value::Integer(number) => number.to_string(),
                Value::Bool(value) => value.to_string(),
                Value::Float(number) => number.to_string(),
                Value::Null | Value::Text(_) | Value::Loose(_) | Value::List(_) | Value::Map(_) => {
                    match item.below(&entry.key, &entry.node).text() {
                        Some(text) => text.to_owned(),
                        None => continue,
                    }
                }
            };
            map.insert(entry.key.clone(), value);
        }
        Some(map)
    }
}
