//! The walk over a JSON text that picks up the values at given pointers and passes over everything else.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Pointer, Scalar};

/// Why a text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Its bytes are not UTF-8.
    #[error("not UTF-8: {0}")]
    NotUtf8(#[from] std::str::Utf8Error),
    /// It is not one JSON value; the words say where and why.
    #[error("not JSON: {0}")]
    NotJson(String),
}

/// Several pointers, ready to be looked up together.
#[derive(Clone, Debug)]
pub struct Extractor {
    root: Node,
    len: usize,
}

/// What was found: one place per pointer, in the pointers' order. Borrows from the text.
#[derive(Clone, Debug)]
pub struct Extracted<'a>(Vec<Option<&'a RawValue>>);

/// A step of the pointers: which of them end here, and where the others go on.
#[derive(Clone, Debug, Default)]
struct Node {
    ends: Vec<usize>,
    children: Vec<(String, Node)>,
}

impl Extractor {
    /// An extractor of these pointers; [`Extracted`] numbers its places in their order. A pointer may stand twice, and one may lead
    /// through another.
    pub fn new<'p>(pointers: impl IntoIterator<Item = &'p Pointer>) -> Self {
        let (mut root, mut len) = (Node::default(), 0);
        for pointer in pointers {
            root.insert(pointer.tokens(), len);
            len += 1;
        }
        Self { root, len }
    }

    /// Reads the text once. An error when it is not UTF-8, not JSON, or has something behind its value.
    pub fn extract<'a>(&self, bytes: &'a [u8]) -> Result<Extracted<'a>, Error> {
        // The parser does not look inside the strings that it passes over, so this is checked for the whole text.
        let text = std::str::from_utf8(bytes)?;
        let mut found = vec![None; self.len];
        let mut parser = serde_json::Deserializer::from_str(text);
        Walk { node: &self.root, found: &mut found }
            .deserialize(&mut parser)
            .and_then(|()| parser.end())
            .map_err(|error| Error::NotJson(error.to_string()))?;
        Ok(Extracted(found))
    }
}

impl<'a> Extracted<'a> {
    /// The value at a pointer as it is written in the text, without the space around it; `None` when it is absent.
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

    /// The step to an array's element; an index is written without leading zeros (RFC 6901, section 4).
    fn element(&self, index: usize) -> Option<&Self> {
        self.child(&index.to_string())
    }

    /// Forgets what an earlier field of the same name had.
    fn clear(&self, found: &mut [Option<&RawValue>]) {
        self.put(None, found);
        for (_, child) in &self.children {
            child.clear(found);
        }
    }

    fn put<'a>(&self, raw: Option<&'a RawValue>, found: &mut [Option<&'a RawValue>]) {
        for index in &self.ends {
            if let Some(place) = found.get_mut(*index) {
                *place = raw;
            }
        }
    }
}

/// The walk at one node of the text.
struct Walk<'n, 'f, 'de> {
    node: &'n Node,
    found: &'f mut [Option<&'de RawValue>],
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, 'de> {
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
        // One pointer ends here and another goes on: this value alone is read a second time.
        serde_json::Deserializer::from_str(raw.get()).deserialize_any(self).map_err(D::Error::custom)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(child) = map.next_key_seed(Name(self.node))? {
            match child {
                Some(node) => {
                    node.clear(self.found);
                    map.next_value_seed(Walk { node, found: &mut *self.found })?;
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
                Some(node) => elements.next_element_seed(Walk { node, found: &mut *self.found })?.is_some(),
                None => elements.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                return Ok(());
            }
            index += 1;
        }
    }

    // A pointer that leads on from a scalar leads nowhere.
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

/// Reads a field's name: the step that it is, if any pointer goes there.
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
