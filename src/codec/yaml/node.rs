//! The tree, the positions of its nodes, and merging of trees.

use std::sync::Arc;

/// The source of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File {
        /// The name as given by the caller.
        name: String,
        /// The whole text, from which lines are quoted.
        text: String,
    },
    /// A source of one value: the name of an environment variable or of a flag.
    Named(String),
}

/// The position of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The source.
    pub origin: Arc<Origin>,
    /// The line, from 1; 0 for an origin without lines.
    pub line: usize,
    /// The column in characters, from 1; 0 for an origin without lines.
    pub column: usize,
}

impl Position {
    /// The position in an origin without lines.
    pub fn named(name: &str) -> Self {
        Self { origin: Arc::new(Origin::Named(name.to_owned())), line: 0, column: 0 }
    }
}

/// A value with its position.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// The position of its first character.
    pub at: Position,
}

/// A YAML value in the core schema of YAML 1.2 (<https://yaml.org/spec/1.2.2/#103-core-schema>).
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, `~`, or an empty value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// Text.
    Text(String),
    /// Text of a variable or a flag, which each reader parses as its own type.
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
    /// The position of the key.
    pub key_at: Position,
    /// The value.
    pub node: Node,
}

impl Node {
    /// The value under a key; `None` if it is absent or this is not a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// The entries of a map; empty if this is not a map.
    pub fn entries(&self) -> &[Entry] {
        if let Value::Map(entries) = &self.value { entries } else { &[] }
    }

    /// Merges `over` into this tree: maps key by key, any other value is replaced.
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

    /// A tree of nested maps with this node at a path of keys.
    #[must_use]
    pub fn under(self, path: &[&str]) -> Self {
        path.iter().rev().fold(self, |node, key| {
            let at = node.at.clone();
            Self { at: at.clone(), value: Value::Map(vec![Entry { key: (*key).to_owned(), key_at: at, node }]) }
        })
    }

    /// A description for `expected .., found ..`; only short texts are quoted.
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
