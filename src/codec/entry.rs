//! The entry: the value of one key in the store and in the changelog.
//!
//! ```text
//! | format u8 = 1 | body version u16 BE | writer: major u8, minor u8, patch u8 | bincode HeadV1 |                                        | bincode body |
//! | format u8 = 2 | the same                                                  | bincode HeadV1 | parts                                  | bincode body |
//! | format u8 = 3 | the same                                                  | bincode Head   | flags u8 | at i64 LE | statuses | parts | bincode body |
//! | format u8 = 4 | the same, but after the parts: the slots of queued acts, as a bincode list of u8 |
//! | format u8 = 5 | the same, but after the slots: the trace, as a bincode EntryTrace |
//! ```
//!
//! `flags`: the lowest two bits are the number of statuses that follow, each a u64 LE; the third bit is set if a range of parts
//! follows, as two varints: the first number and one past the last. An entry is written in the oldest format that can express it, which an
//! older sheaf reads: 5 if it has a trace, 4 if it has queued acts, else 3.
//!
//! The head (timers, pending acts, parts, statuses) has the same form for every processor, so restoring a changelog rebuilds
//! the indexes without decoding bodies. The writer's version is stored so that an older sheaf that finds a newer body can name
//! the version to run. Formats 1 and 2 are read and no longer written: their acts have no target, because there was only one.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::envelope::{Envelope, Writer};
use super::{Error, Part, binary};
use crate::model::{Act, ActSlot, Status, Statuses, Target, Timer, Timestamp, TraceContext};

/// The newest format, of an entry with a trace.
pub const FORMAT: u8 = 5;
/// The format of an entry with queued acts.
const FORMAT_4: u8 = 4;
/// The format of an entry without queued acts.
const FORMAT_3: u8 = 3;
/// The format of an entry without parts, written up to 0.1.0.
const FORMAT_1: u8 = 1;
/// The format of an entry that has or had [parts](super::part), written up to 0.1.0.
const FORMAT_2: u8 = 2;
/// The target of all acts in formats 1 and 2.
const TARGET_BEFORE_3: &str = "control_m";
/// The bit of `flags` for parts.
const HAS_PARTS: u8 = 0b100;

/// A processor's state with its stored versions.
pub trait Versioned: Clone + Send + 'static {
    /// The newest version that this build writes and reads.
    const VERSION: u16;
    /// The name of the state, for error messages (`bundle`).
    const NAME: &'static str;

    /// The version that [`encode`](Self::encode) writes for this state. An older version that can express it stays readable
    /// for an older sheaf.
    fn version(&self) -> u16 {
        Self::VERSION
    }

    /// Appends the body, encoded in [`Self::version`].
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Error>;

    /// Decodes a body of any version up to [`Self::VERSION`]. The caller has refused newer ones.
    fn decode(version: u16, bytes: &[u8]) -> Result<Self, Error>;

    /// Adds the entry's parts (effect `AddPart` of a step) in their order. A processor that adds no parts keeps the default.
    fn with_parts(self, parts: Vec<Part>) -> Result<Self, Error> {
        if parts.is_empty() { Ok(self) } else { Err(Error::Corrupt(format!("a {} has no parts", Self::NAME))) }
    }
}

/// The fields of an entry that the runtime interprets, in the formats 3 and 4.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Timers, at most one per kind, sorted by kind.
    pub timers: Vec<Timer>,
    /// Pending acts, at most one per slot, sorted by slot.
    pub acts: Vec<Act>,
    /// The slots of those pending acts that no sink has been given, because their target had no capacity; sorted.
    #[serde(skip)]
    pub queued: Vec<ActSlot>,
    /// The numbers of the entry's [parts](super::part). A number is not reused as long as the entry exists, so that parts can be
    /// written before the entry that counts them.
    #[serde(skip)]
    pub parts: Range<u32>,
    /// The statuses, set by the processor.
    #[serde(skip)]
    pub statuses: Statuses,
    /// The sort key among entries of one status.
    #[serde(skip)]
    pub at: Timestamp,
    /// The trace of the first record that had one; kept for a processor that asks for it.
    #[serde(skip)]
    pub trace: Option<Arc<EntryTrace>>,
}

/// The trace of which an entry is a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryTrace {
    /// The trace, and the span that has sent the record.
    pub context: TraceContext,
    /// The time of the step of that record.
    pub since: Timestamp,
}

/// An act of formats 1 and 2. Frozen: bincode identifies fields by their order.
#[derive(Deserialize)]
struct ActV1 {
    slot: ActSlot,
    attempt: u32,
    valid_for: Duration,
    request: String,
}

impl Head {
    /// True if the act of this slot is pending and no sink has been given it.
    pub fn is_queued(&self, slot: ActSlot) -> bool {
        self.queued.contains(&slot)
    }

    /// Removes the act of a slot, if it is pending.
    pub fn remove_act(&mut self, slot: ActSlot) {
        self.acts.retain(|pending| pending.slot != slot);
        self.queued.retain(|queued| *queued != slot);
    }

    /// Adds an act, in place of a pending one of the same slot.
    pub fn add_act(&mut self, act: Act, is_queued: bool) {
        self.remove_act(act.slot);
        if is_queued {
            self.queued.push(act.slot);
            self.queued.sort();
        }
        self.acts.push(act);
        self.acts.sort_by_key(|pending| pending.slot);
    }
}

impl From<ActV1> for Act {
    fn from(ActV1 { slot, attempt, valid_for, request }: ActV1) -> Self {
        Self { slot, attempt, to: Target::new(TARGET_BEFORE_3), valid_for, request }
    }
}

/// A decoded entry whose body is still encoded.
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

/// Appends an encoded entry to `out`; `body` comes from [`Versioned::encode`].
pub fn encode(head: &Head, version: u16, body: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    encode_front(head, version, out)?;
    out.extend_from_slice(body);
    Ok(())
}

/// Appends envelope and head; the caller appends the body.
pub fn encode_front(head: &Head, version: u16, out: &mut Vec<u8>) -> Result<(), Error> {
    let format = match (&head.trace, head.queued.is_empty()) {
        (Some(_), _) => FORMAT,
        (None, false) => FORMAT_4,
        (None, true) => FORMAT_3,
    };
    Envelope::of(format, version).write(out);
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
    if had_parts {
        binary::encode(&(head.parts.start, head.parts.end), out)?;
    }
    if format >= FORMAT_4 {
        binary::encode(&head.queued, out)?;
    }
    head.trace.as_ref().map_or(Ok(()), |trace| binary::encode(&**trace, out))
}

/// Decodes the envelope and head of an entry; the body stays encoded.
pub fn decode(bytes: &[u8]) -> Result<Entry<'_>, Error> {
    let (Envelope { format, version, writer }, rest) = Envelope::read("the entry's format", (FORMAT_1, FORMAT), bytes)?;
    let ((timers, acts), rest) = if format >= FORMAT_3 { prefix(rest)? } else { decode_head_v1(rest)? };
    let (Listed { statuses, at, has_parts }, rest) = match format {
        FORMAT_3.. => decode_listed(rest)?,
        _ => (Listed { has_parts: format == FORMAT_2, ..Listed::default() }, rest),
    };
    let (parts, rest) = if has_parts {
        let ((first, end), rest) = prefix(rest)?;
        (first..end, rest)
    } else {
        (0..0, rest)
    };
    let (queued, rest) = if format >= FORMAT_4 { prefix(rest)? } else { (Vec::new(), rest) };
    let (trace, body) = if format >= FORMAT {
        let (trace, rest) = prefix::<EntryTrace>(rest)?;
        (Some(Arc::new(trace)), rest)
    } else {
        (None, rest)
    };
    Ok(Entry { head: Head { timers, acts, queued, parts, statuses, at, trace }, version, writer, body })
}

/// The fields between head and parts since format 3.
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
        _ => return Err(Error::Corrupt(format!("unknown flags {flags:#010b} in an entry"))),
    };
    let at = Timestamp::from_millis(i64::from_le_bytes(at));
    Ok((Listed { statuses, at, has_parts: flags & HAS_PARTS != 0 }, rest))
}

type Front = (Vec<Timer>, Vec<Act>);

fn decode_head_v1(bytes: &[u8]) -> Result<(Front, &[u8]), Error> {
    let ((timers, acts), rest): ((_, Vec<ActV1>), _) = prefix(bytes)?;
    Ok(((timers, acts.into_iter().map(Act::from).collect()), rest))
}

/// Decodes one value; returns it with the remaining bytes.
fn prefix<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), Error> {
    let (value, used) = binary::decode_prefix(bytes)?;
    Ok((value, bytes.split_at(used).1))
}

fn take<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8]), Error> {
    match bytes.split_first_chunk() {
        Some((taken, rest)) => Ok((*taken, rest)),
        None => Err(Error::Corrupt("the entry is truncated within its head".to_owned())),
    }
}

/// Decodes a body and its parts; refuses versions that this build does not know.
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
