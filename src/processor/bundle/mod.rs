//! The bundle processor: gathers a parent and its children, in any order, and hands the complete bundle on once.
//!
//! ```text
//!           first member           SLA passes              last member           7 days pass
//!   (none) ──────────────▶ Open ──────────────▶ Breached ───────────────▶ Closed ─────────────▶ (none)
//!                            └─────────────── last member ──────────────────▲
//! ```
//!
//! # The specification
//!
//! What a member event **is** depends on the members that are there:
//!
//! | it is | when | outcome |
//! |---|---|---|
//! | fitting | it is waited for | `accepted`; `late` after the deadline |
//! | a duplicate | same role, id and bytes as one that is there | `duplicate`: counted only |
//! | a conflict | same id, or same place, as one that is there, and other bytes | `conflict`: the first is kept, alert |
//! | unexpected | a child that is one too many, or whose position is not from 1 to N | `unexpected`: not kept, alert |
//! | poison | it cannot be read, or makes the bundle too large | rejected: dead letter |
//!
//! What it **does** depends on the state:
//!
//! | state | fitting member | other member | SLA due | keep-closed due |
//! |---|---|---|---|---|
//! | none | Open, schedule the SLA; Closed when it is complete at once | counted, alert; stays none | - | - |
//! | Open | added; the SLA moves when the earliest member changes; the last one: Closed | counted, alert | Breached, alert who is missing | - |
//! | Breached | added, `late`, alert; the last one: Closed | counted, alert | - | - |
//! | Closed | same id and bytes: `duplicate`; same id: `conflict`, alert; else `late`, alert | | - | none |
//!
//! A dash means: the state stays and nothing happens. Closing forwards the submission, takes back the SLA and leaves a
//! marker for [`Rules::keep_closed`]. An operator's command is rejected and the outcome of an act is settled in every
//! state, because a bundle has neither commands nor acts. Each deviating event is alerted once, and not more than
//! [`REPORTED_MAX`] of one bundle.
//!
//! **How many children**: what the parent says ([`SourceRules::expects`]), else [`Rules::children`]. Where parents may
//! say it, children that come before their parent are taken provisionally; those that it turns out not to expect become
//! unexpected then (places beyond N first, then the latest by event time).
//!
//! **Which child is which**: a child's position, when it says one; the others fill the free places in the order of
//! (event time, id). It is not the order of arrival, so that any interleaving of the same members gives the same
//! submission, byte for byte. So events need not go through the inbox ([`Processor::ORDER_FREE`](super::Processor)).
//!
//! **Time**: the deadline is the earliest member's event time + SLA. Whether a bundle is late is judged by its members'
//! times alone: the submission's `late` says that the latest member happened after the deadline, and the breach is
//! alerted even if the timer has not come round when the last member arrives. Members later than the deadline are missing
//! at the deadline, wherever they are. An event time more than [`AHEAD_MAX`] in the future is set back to that.
//!
//! **How it is stored**: in one entry while that is small, which most bundles are. Beyond some 4 KiB each member becomes a
//! part of the entry ([`Effect::AddPart`](super::Effect::AddPart)), written once, so that a bundle of a thousand children
//! costs as much for each of them as one of three.
//!
//! # The files
//!
//! | file | what it is |
//! |---|---|
//! | `rules` | the settings |
//! | `source` | the fields of a member event, read and checked |
//! | `time` | event times in texts |
//! | `keying` | the step before the inbox |
//! | `state`, `gathering`, `member`, `stored` | what is remembered, and its bytes |
//! | `judge` | what an event is |
//! | `step` | what it does |
//! | `submission`, `alert`, `count` | what comes out |
//! | `status` | where a bundle stands, for lists |
//! | `fingerprint` | how contents are known again |

mod alert;
pub mod count;
mod fingerprint;
mod gathering;
mod judge;
mod keying;
mod member;
mod rules;
mod source;
mod state;
mod status;
mod step;
mod stored;
mod submission;
#[cfg(test)]
mod tests;
mod time;

pub use fingerprint::Fingerprint;
pub use gathering::{Gathering, Missing};
pub use keying::{KeyingError, MemberKeying};
pub use member::{Member, Origin};
pub use rules::{
    CHILDREN_DEFAULT, CHILDREN_MAX, KEEP_CLOSED_DEFAULT, KeyFormat, Role, Rules, SLA_DEFAULT, SourceRules, TimeRule,
};
pub use source::ID_LEN_MAX;
pub use state::{Ending, Marker, REPORTED_MAX, State};
pub use step::PAYLOADS_MAX;
pub use submission::EVENT_TYPE;

use std::sync::Arc;
use std::time::Duration;

use self::judge::Arrival;
use self::source::{Facts, Reader};
use super::{Effect, Event};
use crate::model::{Reject, RejectReason, TimerKind, Timestamp};

/// The name of the output that completed bundles go to.
pub const SUBMISSIONS: &str = "submissions";

/// The timer of the deadline.
pub const SLA: TimerKind = TimerKind::Deadline(0);

/// The timer that drops a closed bundle's marker.
pub const KEEP_CLOSED: TimerKind = TimerKind::Delay(0);

/// How far an event's time may be ahead of the wall clock.
pub const AHEAD_MAX: Duration = Duration::from_mins(5);

/// The bundle processor of one topology.
#[derive(Clone, Debug)]
pub struct Bundle {
    topology: String,
    rules: Rules,
    readers: Vec<Reader>,
    /// How many children there are, when that does not hang on the parent.
    certain: Option<u32>,
    /// [`SUBMISSIONS`], shared by all forwards.
    output: Arc<str>,
}

impl Bundle {
    /// The processor of the topology of that name, which is the source (`/sheaf/<topology>`) of the events it writes.
    pub fn new(topology: &str, rules: Rules) -> Self {
        let readers: Vec<Reader> = rules.sources.iter().map(|source| Reader::new(source, rules.key)).collect();
        let certain = (!readers.iter().any(Reader::says_how_many)).then_some(rules.children);
        Self { topology: topology.to_owned(), rules, readers, certain, output: Arc::from(SUBMISSIONS) }
    }

    /// Reads the fields of a member event. Its source is found by topic and role, which stand in the inbox, and not by a
    /// number, so that sources may be added and reordered while events are under way.
    fn arrival(&self, event: &Event) -> Result<Arrival, Reject> {
        let topic = event.record.source.topic.as_str();
        let is_source = |reader: &&Reader| &*reader.topic == topic && reader.member.as_str() == event.role;
        let Some(reader) = self.readers.iter().find(is_source) else {
            let detail = format!("the topology `{}` reads no {} from topic {topic}", self.topology, event.role);
            return Err(Reject::new(RejectReason::Unreadable, detail));
        };
        let handed_on = event.parsed.get::<Facts>().filter(|facts| facts.are_of(event.record.value.as_ref()));
        let Facts { id, expects, position, .. } = match handed_on {
            Some(facts) => facts.clone(),
            None => reader.read(&event.record)?.facts()?,
        };
        let place = position.and_then(|position| u32::try_from(position).ok());
        let (partition, offset) = (event.record.source.partition, event.record.offset);
        let member = Member {
            id,
            at: event.at,
            place: place.filter(|place| (1..=CHILDREN_MAX).contains(place)),
            content: event.record.value.clone().unwrap_or_default(),
            origin: Origin { topic: Arc::clone(&reader.topic), partition, offset },
        };
        Ok(Arrival { role: reader.member, expects, position, member: Arc::new(member) })
    }

    /// Sets an event time that is too far in the future back, and counts that.
    fn clamp(event: &mut Event, now: Timestamp) -> Option<Effect> {
        let latest = now.saturating_add(AHEAD_MAX);
        if event.at <= latest {
            return None;
        }
        event.at = latest;
        Some(count::one(count::CLAMPED, ""))
    }
}
