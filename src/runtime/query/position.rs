//! The place of an entry in lists, and its form as a cursor.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::{Key, Timestamp};

/// The place of an entry in lists, which are ordered by (sort key, key).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The sort key ([`Head::at`](crate::codec::Head::at)).
    pub at: Timestamp,
    /// The key.
    pub key: Key,
}

/// A text that is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not the `next` of an answer")]
pub struct NotACursor;

impl fmt::Display for Position {
    /// The cursor: Base64 of the milliseconds as 8 bytes BE, and the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.at.as_millis().to_be_bytes().to_vec();
        bytes.extend(self.key.as_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Position {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_invalid| NotACursor)?;
        let (at, key) = bytes.split_first_chunk().ok_or(NotACursor)?;
        Ok(Self { at: Timestamp::from_millis(i64::from_be_bytes(*at)), key: Key::from_slice(key) })
    }
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
