//! The entry: what the store and the changelog hold under one key.
//!
//! ```text
//! | format u8 = 1 | body version u16 BE | writer: major u8, minor u8, patch u8 | bincode Head | bincode body |
//! ```
//!
//! The head (timers and pending acts) has the same form for every processor, so restoring a changelog rebuilds both
//! indexes without knowing what a body is. The writer's version stands in the bytes so that an older sheaf that meets a
//! newer body can say which sheaf to run instead of guessing.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Error, binary};
use crate::model::{Act, Timer};

/// The format of the envelope that this build writes and reads.
pub const FORMAT: u8 = 1;
const ENVELOPE_LEN: usize = 6;

/// A processor's state, with the versions that it has been stored in.
pub trait Versioned: Clone + Send + 'static {
    /// The version that this build writes.
    const VERSION: u16;
    /// What it is, for error messages (`bundle`).
    const NAME: &'static str;

    /// Appends the body's bytes in [`Self::VERSION`].
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Error>;

    /// Reads a body of any version up to [`Self::VERSION`]. The caller has refused newer ones.
    fn decode(version: u16, bytes: &[u8]) -> Result<Self, Error>;
}

/// The part of an entry that the runtime understands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Timers, at most one of each kind, in the order of their kinds.
    pub timers: Vec<Timer>,
    /// Acts whose outcome has not been processed, at most one of each slot, in the order of their slots.
    pub acts: Vec<Act>,
}

/// The part of an entry that only its processor understands: its version, its writer, its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Timers and pending acts.
    pub head: Head,
    /// The version of the body.
    pub version: u16,
    /// The sheaf that wrote the entry.
    pub writer: Writer,
    /// The encoded body.
    pub body: &'a [u8],
}

/// A version of sheaf: major, minor, patch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Writer(pub [u8; 3]);

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// Appends an entry's bytes to `out`; `body` is what [`Versioned::encode`] wrote.
pub fn encode(head: &Head, version: u16, body: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    encode_front(head, version, out)?;
    out.extend_from_slice(body);
    Ok(())
}

/// Appends what stands before the body, which the caller appends.
pub fn encode_front(head: &Head, version: u16, out: &mut Vec<u8>) -> Result<(), Error> {
    out.push(FORMAT);
    out.extend_from_slice(&version.to_be_bytes());
    out.extend_from_slice(&writer().0);
    binary::encode(head, out)
}

/// Reads an entry's envelope and head; the body stays as bytes.
pub fn decode(bytes: &[u8]) -> Result<Entry<'_>, Error> {
    let Some((&[format, high, low, major, minor, patch], rest)) = bytes.split_first_chunk::<ENVELOPE_LEN>() else {
        return Err(Error::Corrupt(format!("an entry of {} bytes is shorter than its envelope", bytes.len())));
    };
    let writer = Writer([major, minor, patch]);
    if format != FORMAT {
        let (what, found, known) = ("the entry's format", u16::from(format), u16::from(FORMAT));
        return Err(Error::UnknownVersion { what, found, known, writer: writer.to_string() });
    }
    let (head, used) = binary::decode_prefix(rest)?;
    let (_, body) = rest.split_at(used);
    Ok(Entry { head, version: u16::from_be_bytes([high, low]), writer, body })
}

/// Reads a body, refusing a version that this build does not know.
pub fn decode_body<S: Versioned>(entry: &Entry<'_>) -> Result<S, Error> {
    if entry.version == 0 || entry.version > S::VERSION {
        let writer = entry.writer.to_string();
        return Err(Error::UnknownVersion { what: S::NAME, found: entry.version, known: S::VERSION, writer });
    }
    S::decode(entry.version, entry.body)
}

/// This build's version.
fn writer() -> Writer {
    const fn number(text: &str) -> u8 {
        let (bytes, mut at, mut value) = (text.as_bytes(), 0, 0_u8);
        while at < bytes.len() {
            #[expect(clippy::indexing_slicing, reason = "at < len, and const fn has no get")]
            let digit = bytes[at] - b'0';
            value = value * 10 + digit;
            at += 1;
        }
        value
    }
    const WRITER: Writer = Writer([
        number(env!("CARGO_PKG_VERSION_MAJOR")),
        number(env!("CARGO_PKG_VERSION_MINOR")),
        number(env!("CARGO_PKG_VERSION_PATCH")),
    ]);
    WRITER
}
