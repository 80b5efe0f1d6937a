//! The tree, where each of its nodes was written, and how one tree is laid over another.

use std::sync::Arc;

/// What a text was read from, as a person would name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file: its name as it was given, and its text, from which lines are quoted.
    File {
        /// The name.
        name: String,
        /// The whole text.
        text: String,
    },
    /// Something of one value: an environment variable's name, a flag without its value.
    Named(String),
}

/// Where a node was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// In what.
    pub origin: Arc<Origin>,
    /// The line, from 1; 0 where the origin has no lines.
    pub line: usize,
    /// The column in characters, from 1; 0 where the origin has no lines.
    pub column: usize,
}

impl Position {
    /// The whole of an origin without lines.
    pub fn named(name: &str) -> Self {
        Self { origin: Arc::new(Origin::Named(name.to_owned())), line: 0, column: 0 }
    }
}

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it begins.
    pub at: Position,
}

/// What YAML can say, as the core schema of YAML 1.2 resolves it (<https://yaml.org/spec/1.2.2/#103-core-schema>).
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, `~`, or nothing after a key.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number that is not whole.
    Float(f64),
    /// Text.
    Text(String),
    /// Text from outside YAML (a variable, a flag), which each reader takes as the type it needs.
    Loose(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the text.
    Map(Vec<Entry>),
}

/// One key of a map with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key was written.
    pub key_at: Position,
    /// The value.
    pub node: Node,
}

impl Node {
    /// The value under a key; `None` for another key and for what is not a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// The entries of a map; none for what is not a map.
    pub fn entries(&self) -> &[Entry] {
        if let Value::Map(entries) = &self.value { entries } else { &[] }
    }

    /// Lays `over` on this tree: maps are merged key by key, everything else is replaced.
    pub fn merge(&mut self, over: Self) {
        match (&mut self.value, over.value) {
            (Value::Map(own), Value::Map(others)) => {
                for other in others {
                    match own.iter_mut().find(|entry| entry.key == other.key) {
                        Some(entry) => {
                            entry.key_at = other.key_at;
                            entry.node.merge(other.node);
                        }
                        None => own.push(other),
                    }
                }
            }
            (own, value) => {
                *own = value;
                self.at = over.at;
            }
        }
    }

    /// A tree that holds nothing but this node under a path of keys.
    #[must_use]
    pub fn under(self, path: &[&str]) -> Self {
        path.iter().rev().fold(self, |node, key| {
            let at = node.at.clone();
            Self { at: at.clone(), value: Value::Map(vec![Entry { key: (*key).to_owned(), key_at: at, node }]) }
        })
    }

    /// What it is, for `expected .., found ..`. Texts are quoted only when they are short.
    pub(super) fn found(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(value) => format!("`{value}`"),
            Value::Integer(value) => format!("the number {value}"),
            Value::Float(value) => format!("the number {value}"),
            Value::Text(text) | Value::Loose(text) if text.chars().count() <= 40 => format!("`{text}`"),
            Value::Text(_) | Value::Loose(_) => "a long text".to_owned(),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a map".to_owned(),
        }
    }
}
