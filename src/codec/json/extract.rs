//! A streaming traversal of a JSON text that extracts the values at given pointers and skips all others.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Pointer, Scalar};

/// Errors of an extraction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are not UTF-8.
    #[error("not UTF-8: {0}")]
    NotUtf8(#[from] std::str::Utf8Error),
    /// The text is not one JSON value; the parser's message has line and column.
    #[error("not JSON: {0}")]
    NotJson(String),
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
    /// The text is not UTF-8, not JSON, or has trailing characters.
    pub fn extract<'a>(&self, bytes: &'a [u8]) -> Result<Extracted<'a>, Error> {
        // The parser does not validate the strings that it skips, so the whole text is checked here.
        let text = std::str::from_utf8(bytes)?;
        let mut found = vec![None; self.len];
        let mut parser = serde_json::Deserializer::from_str(text);
        Traversal { node: &self.root, found: &mut found }
            .deserialize(&mut parser)
            .and_then(|()| parser.end())
            .map_err(|error| Error::NotJson(error.to_string()))?;
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
            return Ok(());
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
        while let Some(child) = map.next_key_seed(Name(self.node))? {
            match child {
                Some(node) => {
                    node.clear(self.found);
                    map.next_value_seed(Traversal { node, found: &mut *self.found })?;
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let mut index = 0;
        loop {
            let more = match self.node.element(index) {
                Some(node) => elements.next_element_seed(Traversal { node, found: &mut *self.found })?.is_some(),
                None => elements.next_element::<IgnoredAny>()?.is_some(),
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
