//! Reads values that nobody looks at, so that all of a text can be read by every later reader.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// The deepest nesting of a text in objects and arrays. `serde_json` reads 127 levels, and a payload is nested in a submission.
pub const NESTING_MAX: usize = 100;

/// Reads a value at some depth, and keeps nothing of it.
///
/// serde's `IgnoredAny` checks the grammar only. This also refuses what is JSON and cannot be read as a value: strings and names
/// with half of a surrogate pair, numbers beyond 64-bit floats, and nesting deeper than [`NESTING_MAX`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Skip {
    /// The number of objects and arrays around the value.
    pub(super) depth: usize,
}

impl Skip {
    /// A value within an object or array at this depth.
    pub(super) fn below<E: serde::de::Error>(depth: usize) -> Result<Self, E> {
        if depth < NESTING_MAX {
            return Ok(Self { depth: depth + 1 });
        }
        Err(E::custom(format_args!("nested deeper than {NESTING_MAX} levels")))
    }

    /// Checks a value that was kept as its text.
    pub(super) fn check(self, raw: &str) -> Result<(), serde_json::Error> {
        if is_plain(raw) {
            return Ok(());
        }
        self.deserialize(&mut serde_json::Deserializer::from_str(raw))
    }
}

/// True for values that need no check, as most are: strings without escape sequences, short integers and words.
fn is_plain(raw: &str) -> bool {
    const DIGITS_MAX: usize = 20;
    match raw.as_bytes().first() {
        Some(b'"') => !raw.contains('\\'),
        Some(b'{' | b'[') | None => false,
        Some(_) => raw.len() <= DIGITS_MAX && !raw.contains(['e', 'E']) || raw == "true" || raw == "false",
    }
}

impl<'de> DeserializeSeed<'de> for Skip {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skip {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let value = Self::below(self.depth)?;
        while map.next_key_seed(self)?.is_some() {
            map.next_value_seed(value)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let value = Self::below(self.depth)?;
        while elements.next_element_seed(value)?.is_some() {}
        Ok(())
    }

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
