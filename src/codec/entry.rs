//! The entry: what the store and the changelog hold under one key.
//!
//! ```text
//! | format u8 = 1 | body version u16 BE | writer: major u8, minor u8, patch u8 | bincode HeadV1 |                                        | bincode body |
//! | format u8 = 2 | the same                                                  | bincode HeadV1 | parts                                  | bincode body |
//! | format u8 = 3 | the same                                                  | bincode Head   | flags u8 | at i64 LE | statuses | parts | bincode body |
//! ```
//!
//! `flags`: the lowest two bits say how many statuses follow, each a u64 LE; the third one says whether parts do, as two varints,
//! the first number and the one after the last.
//!
//! The head (timers, pending acts, parts, statuses) has the same form for every processor, so restoring a changelog rebuilds
//! the indexes without knowing what a body is. The writer's version stands in the bytes so that an older sheaf that meets a
//! newer body can say which sheaf to run instead of guessing. Formats 1 and 2 are read and not written any more: their acts name
//! no target, because there was one.

use std::ops::Range;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::envelope::{Envelope, Writer};
use super::{Error, Part, binary};
use crate::model::{Act, ActSlot, Status, Statuses, Target, Timer, Timestamp};

/// The format that this build writes; no newer one is known.
pub const FORMAT: u8 = 3;
/// The format of an entry that has never had parts, as it was written up to 0.1.0.
const FORMAT_1: u8 = 1;
/// The format of an entry that has, or had, [parts](super::part), as it was written up to 0.1.0.
const FORMAT_2: u8 = 2;
/// Whom the acts of formats 1 and 2 are for.
const TARGET_BEFORE_3: &str = "control_m";
/// The bit of `flags` that says that there are parts.
const HAS_PARTS: u8 = 0b100;

/// A processor's state, with the versions that it has been stored in.
pub trait Versioned: Clone + Send + 'static {
    /// The newest version that this build writes and reads.
    const VERSION: u16;
    /// What it is, for error messages (`bundle`).
    const NAME: &'static str;

    /// The version that [`encode`](Self::encode) writes of this state: an older one, when that can say all of it, is read
    /// by an older sheaf too.
    fn version(&self) -> u16 {
        Self::VERSION
    }

    /// Appends the body's bytes in [`Self::version`].
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Error>;

    /// Reads a body of any version up to [`Self::VERSION`]. The caller has refused newer ones.
    fn decode(version: u16, bytes: &[u8]) -> Result<Self, Error>;

    /// Takes in the parts that this entry was given (the effect `AddPart` of a step), in their order. A state that asks for
    /// none need not say anything here.
    fn with_parts(self, parts: Vec<Part>) -> Result<Self, Error> {
        if parts.is_empty() { Ok(self) } else { Err(Error::Corrupt(format!("a {} has no parts", Self::NAME))) }
    }
}

/// The part of an entry that the runtime understands, in format 3.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Timers, at most one of each kind, in the order of their kinds.
    pub timers: Vec<Timer>,
    /// Acts whose outcome has not been processed, at most one of each slot, in the order of their slots.
    pub acts: Vec<Act>,
    /// The numbers of its [parts](super::part). None of them is given twice while the entry is there, so that new parts
    /// can be written before the entry that counts them.
    #[serde(skip)]
    pub parts: Range<u32>,
    /// Where it stands, as its processor says.
    #[serde(skip)]
    pub statuses: Statuses,
    /// The time by which entries of one status are ordered.
    #[serde(skip)]
    pub at: Timestamp,
}

/// An act of formats 1 and 2. Frozen: bincode knows fields by their order only.
#[derive(Deserialize)]
struct ActV1 {
    slot: ActSlot,
    attempt: u32,
    valid_for: Duration,
    request: String,
}

impl From<ActV1> for Act {
    fn from(ActV1 { slot, attempt, valid_for, request }: ActV1) -> Self {
        Self { slot, attempt, to: Target::new(TARGET_BEFORE_3), valid_for, request }
    }
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

/// Appends an entry's bytes to `out`; `body` is what [`Versioned::encode`] wrote.
pub fn encode(head: &Head, version: u16, body: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    encode_front(head, version, out)?;
    out.extend_from_slice(body);
    Ok(())
}

/// Appends what stands before the body, which the caller appends.
pub fn encode_front(head: &Head, version: u16, out: &mut Vec<u8>) -> Result<(), Error> {
    Envelope::of(FORMAT, version).write(out);
    binary::encode(head, out)?;
    let statuses = head.statuses.as_slice();
    let had_parts = head.parts != (0..0);
    let count = match statuses {
        [] => 0,
        [_] => 1,
        [..] => 2,
    };
    out.push(count | if had_parts { HAS_PARTS } else { 0 });
    out.extend_from_slice(&head.at.as_millis().to_le_bytes());
    for status in statuses {
        out.extend_from_slice(&status.0.to_le_bytes());
    }
    if had_parts { binary::encode(&(head.parts.start, head.parts.end), out) } else { Ok(()) }
}

/// Reads an entry's envelope and head; the body stays as bytes.
pub fn decode(bytes: &[u8]) -> Result<Entry<'_>, Error> {
    let (Envelope { format, version, writer }, rest) = Envelope::read("the entry's format", (FORMAT_1, FORMAT), bytes)?;
    let ((timers, acts), rest) = if format == FORMAT { prefix(rest)? } else { decode_head_v1(rest)? };
    let (Listed { statuses, at, has_parts }, rest) = match format {
        FORMAT => decode_listed(rest)?,
        _ => (Listed { has_parts: format == FORMAT_2, ..Listed::default() }, rest),
    };
    let (parts, body) = if has_parts {
        let ((first, end), rest) = prefix(rest)?;
        (first..end, rest)
    } else {
        (0..0, rest)
    };
    Ok(Entry { head: Head { timers, acts, parts, statuses, at }, version, writer, body })
}

/// What stands before the parts in format 3.
#[derive(Default)]
struct Listed {
    statuses: Statuses,
    at: Timestamp,
    has_parts: bool,
}

fn decode_listed(bytes: &[u8]) -> Result<(Listed, &[u8]), Error> {
    let ([flags, at @ ..], rest) = take::<9>(bytes)?;
    let (statuses, rest) = match flags & !HAS_PARTS {
        0 => (Statuses::none(), rest),
        1 => {
            let (status, rest) = take(rest)?;
            (Statuses::one(Status(u64::from_le_bytes(status))), rest)
        }
        2 => {
            let (first, rest) = take(rest)?;
            let (second, rest) = take(rest)?;
            (Statuses::two(Status(u64::from_le_bytes(first)), Status(u64::from_le_bytes(second))), rest)
        }
        _ => return Err(Error::Corrupt(format!("an entry of format 3 has no flags {flags:#010b}"))),
    };
    let at = Timestamp::from_millis(i64::from_le_bytes(at));
    Ok((Listed { statuses, at, has_parts: flags & HAS_PARTS != 0 }, rest))
}

type Front = (Vec<Timer>, Vec<Act>);

fn decode_head_v1(bytes: &[u8]) -> Result<(Front, &[u8]), Error> {
    let ((timers, acts), rest): ((_, Vec<ActV1>), _) = prefix(bytes)?;
    Ok(((timers, acts.into_iter().map(Act::from).collect()), rest))
}

/// Reads one value and gives what follows it.
fn prefix<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), Error> {
    let (value, used) = binary::decode_prefix(bytes)?;
    Ok((value, bytes.split_at(used).1))
}

fn take<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8]), Error> {
    match bytes.split_first_chunk() {
        Some((taken, rest)) => Ok((*taken, rest)),
        None => Err(Error::Corrupt("the bytes end within the head".to_owned())),
    }
}

/// Reads a body and its parts, refusing a version that this build does not know.
pub fn decode_body<S: Versioned>(entry: &Entry<'_>, parts: Vec<Part>) -> Result<S, Error> {
    let written = parts.iter().map(|part| (part.version, part.writer)).chain([(entry.version, entry.writer)]);
    for (found, writer) in written {
        if found == 0 || found > S::VERSION {
            let writer = writer.to_string();
            return Err(Error::UnknownVersion { what: S::NAME, found, known: S::VERSION, writer });
        }
    }
    let state = S::decode(entry.version, entry.body)?;
    if parts.is_empty() { Ok(state) } else { state.with_parts(parts) }
}
