//! A streaming traversal of a JSON text that extracts the values at given pointers and skips all others.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::skip::Skip;
use super::{Pointer, Scalar};

/// Errors of an extraction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are not UTF-8.
    #[error("not UTF-8: {0}")]
    NotUtf8(#[from] std::str::Utf8Error),
    /// The text is not one JSON value that can be read.
    #[error("not JSON: {message}")]
    NotJson {
        /// The line at which it is not, from 1.
        line: usize,
        /// The column in bytes, from 1; 0 at the start of a line.
        column: usize,
        /// The parser's message, with line and column.
        message: String,
    },
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::NotJson { line: error.line(), column: error.column(), message: error.to_string() }
    }
}

/// A set of pointers, compiled to be looked up in one pass.
#[derive(Clone, Debug)]
pub struct Extractor {
    root: Node,
    len: usize,
}

/// The extracted values, one per pointer, in the pointers' order. Borrows from the text.
#[derive(Clone, Debug)]
pub struct Extracted<'a>(Vec<Option<&'a RawValue>>);

/// A node of the trie of pointers: the indices of those that end here, and the children by reference token.
#[derive(Clone, Debug, Default)]
struct Node {
    ends: Vec<usize>,
    children: Vec<(String, Node)>,
}

impl Extractor {
    /// An extractor of these pointers; [`Extracted`] is indexed in their order. Duplicates are allowed, and so is a pointer that is
    /// a prefix of another.
    pub fn new<'p>(pointers: impl IntoIterator<Item = &'p Pointer>) -> Self {
        let (mut root, mut len) = (Node::default(), 0);
        for pointer in pointers {
            root.insert(pointer.tokens(), len);
            len += 1;
        }
        Self { root, len }
    }

    /// Reads the text once.
    ///
    /// # Errors
    /// The text is not UTF-8, not JSON, or has trailing characters; or it cannot be read as a value: nested deeper than
    /// [`NESTING_MAX`](super::NESTING_MAX), a lone surrogate, a number beyond 64-bit floats.
    pub fn extract<'a>(&self, bytes: &'a [u8]) -> Result<Extracted<'a>, Error> {
        let text = std::str::from_utf8(bytes)?;
        let mut found = vec![None; self.len];
        let mut parser = serde_json::Deserializer::from_str(text);
        Traversal { node: &self.root, depth: 0, found: &mut found }
            .deserialize(&mut parser)
            .and_then(|()| parser.end())?;
        Ok(Extracted(found))
    }
}

impl<'a> Extracted<'a> {
    /// The value at a pointer as it is in the text, without surrounding whitespace; `None` if it is absent.
    pub fn raw(&self, index: usize) -> Option<&'a str> {
        let raw: &'a RawValue = (*self.0.get(index)?)?;
        Some(raw.get())
    }

    /// The value at a pointer as a scalar.
    pub fn scalar(&self, index: usize) -> Scalar<'a> {
        self.raw(index).map_or(Scalar::Absent, Scalar::of)
    }
}

impl Node {
    fn insert(&mut self, tokens: &[String], index: usize) {
        let Some((token, rest)) = tokens.split_first() else {
            self.ends.push(index);
            return;
        };
        if let Some((_, child)) = self.children.iter_mut().find(|(name, _)| name == token) {
            child.insert(rest, index);
            return;
        }
        let mut child = Self::default();
        child.insert(rest, index);
        self.children.push((token.clone(), child));
    }

    fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|(token, _)| token == name).map(|(_, child)| child)
    }

    /// The child for an array element; its token is the index without leading zeros (RFC 6901, section 4).
    fn element(&self, index: usize) -> Option<&Self> {
        self.child(&index.to_string())
    }

    /// Removes the values of an earlier field of the same name.
    fn clear(&self, found: &mut [Option<&RawValue>]) {
        self.put(None, found);
        for (_, child) in &self.children {
            child.clear(found);
        }
    }

    fn put<'a>(&self, raw: Option<&'a RawValue>, found: &mut [Option<&'a RawValue>]) {
        for index in &self.ends {
            if let Some(value) = found.get_mut(*index) {
                *value = raw;
            }
        }
    }
}

/// The traversal at one node of the trie.
struct Traversal<'n, 'f, 'de> {
    node: &'n Node,
    /// The number of objects and arrays around the value.
    depth: usize,
    found: &'f mut [Option<&'de RawValue>],
}

impl<'de> DeserializeSeed<'de> for Traversal<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        if self.node.ends.is_empty() {
            return parser.deserialize_any(self);
        }
        let raw: &'de RawValue = Deserialize::deserialize(parser)?;
        self.node.put(Some(raw), self.found);
        if self.node.children.is_empty() {
            return Skip { depth: self.depth }.check(raw.get()).map_err(D::Error::custom);
        }
        // One pointer ends here and another continues below: only this value is parsed a second time.
        serde_json::Deserializer::from_str(raw.get()).deserialize_any(self).map_err(D::Error::custom)
    }
}

impl<'de> Visitor<'de> for Traversal<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let other = Skip::below(self.depth)?;
        while let Some(child) = map.next_key_seed(Name(self.node))? {
            match child {
                Some(node) => {
                    node.clear(self.found);
                    map.next_value_seed(Traversal { node, depth: other.depth, found: &mut *self.found })?;
                }
                None => map.next_value_seed(other)?,
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let other = Skip::below(self.depth)?;
        let mut index = 0;
        loop {
            let more = match self.node.element(index) {
                Some(node) => {
                    let traversal = Traversal { node, depth: other.depth, found: &mut *self.found };
                    elements.next_element_seed(traversal)?.is_some()
                }
                None => elements.next_element_seed(other)?.is_some(),
            };
            if !more {
                return Ok(());
            }
            index += 1;
        }
    }

    // A pointer into a scalar finds nothing.
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Reads a field's name; yields the child for it, if there is one.
struct Name<'n>(&'n Node);

impl<'de, 'n> DeserializeSeed<'de> for Name<'n> {
    type Value = Option<&'n Node>;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Self::Value, D::Error> {
        parser.deserialize_str(self)
    }
}

impl<'n> Visitor<'_> for Name<'n> {
    type Value = Option<&'n Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.child(name))
    }
}
