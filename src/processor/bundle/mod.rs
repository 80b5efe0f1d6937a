//! The bundle processor: gathers a parent and its children, in any order, and forwards the complete bundle exactly once.
//!
//! ```text
//!           first member           SLA passes              last member           7 days pass
//!   (none) ──────────────▶ Open ──────────────▶ Breached ───────────────▶ Closed ─────────────▶ (none)
//!                            └─────────────── last member ──────────────────▲
//! ```
//!
//! # The specification
//!
//! The class of a member event depends on the received members:
//!
//! | class | condition | outcome |
//! |---|---|---|
//! | expected | the member is missing | `accepted`; `late` after the deadline |
//! | duplicate | same role, id and bytes as a received member | `duplicate`: counted only |
//! | conflict | same id or position as a received member, and other bytes | `conflict`: the first is kept, alert |
//! | unexpected | a child beyond the number of children, or with a position that is not from 1 to N | `unexpected`: not kept, alert |
//! | poison | invalid, or the bundle would become too large | rejected: dead letter |
//!
//! The transition depends on the state:
//!
//! | state | expected member | other member | SLA due | keep-closed due |
//! |---|---|---|---|---|
//! | none | Open, schedule the SLA; Closed if complete at once | counted, alert; stays none | - | - |
//! | Open | added; the SLA is rescheduled if the earliest member changes; the last one: Closed | counted, alert | Breached, alert with the missing members | - |
//! | Breached | added, `late`, alert; the last one: Closed | counted, alert | - | - |
//! | Closed | same id and bytes: `duplicate`; same id: `conflict`, alert; else `late`, alert | | - | none |
//!
//! A dash means that the state is unchanged and there are no effects. Closing forwards the submission, unschedules the SLA and
//! leaves a marker for [`Rules::keep_closed`]. An operator's command is rejected and the outcome of an act is settled in every
//! state, because a bundle has neither commands nor acts. Each deviating event is alerted once, and at most [`REPORTED_MAX`]
//! of one bundle.
//!
//! **Number of children**: the parent's ([`SourceRules::expects`]), else [`Rules::children`]. If parents may state it, children
//! that arrive before their parent are added provisionally; surplus ones become unexpected with the parent (positions beyond N
//! first, then the latest by event time).
//!
//! **Position of a child**: the stated one, if there is one; the other children fill the free positions in the order of
//! (event time, id). This is independent of the order of arrival, so that any interleaving of the same members gives the same
//! submission, byte for byte. So events may bypass the inbox ([`Processor::ORDER_FREE`](super::Processor)).
//!
//! **Time**: the deadline is the earliest member's event time + SLA. Lateness depends on the event times of the members only:
//! the submission's `late` is true if the latest member is after the deadline, and the breach is alerted even if the timer has
//! not fired when the last member arrives. Members after the deadline count as missing at the deadline. An event time more than
//! [`AHEAD_MAX`] in the future is clamped.
//!
//! **Storage**: one entry while it is small, as most bundles are. Above some 4 KiB each member is stored in a part of the entry
//! ([`Effect::AddPart`]), written once, so that a member of a bundle with a thousand children costs as
//! much as one of a bundle with three.
//!
//! # The files
//!
//! | file | content |
//! |---|---|
//! | `rules` | the settings |
//! | `source` | reads and validates the fields of a member event |
//! | `time` | parses event times |
//! | `keying` | the keying step before the inbox |
//! | `state`, `gathering`, `member`, `stored` | the state and its encoding |
//! | `classify` | the class of a member event |
//! | `step` | the transitions |
//! | `submission`, `alert`, `count` | records, alerts and metrics |
//! | `status` | the statuses for lists |
//! | `fingerprint` | hashes of members, to recognize duplicates |

mod alert;
mod classify;
pub mod count;
mod fingerprint;
mod gathering;
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
pub use submission::{EVENT_TYPE, application as submitting_application};

use std::sync::Arc;
use std::time::Duration;

use self::classify::Arrival;
use self::source::{MemberFields, Reader};
use super::{Effect, Event};
use crate::model::{Reject, RejectReason, TimerKind, Timestamp};

/// The name of the output of completed bundles.
pub const SUBMISSIONS: &str = "submissions";

/// The timer of the deadline.
pub const SLA: TimerKind = TimerKind::Deadline(0);

/// The timer that deletes the marker of a closed bundle.
pub const KEEP_CLOSED: TimerKind = TimerKind::Delay(0);

/// The most that an event time may be ahead of the wall clock.
pub const AHEAD_MAX: Duration = Duration::from_mins(5);

/// The bundle processor of one topology.
#[derive(Clone, Debug)]
pub struct Bundle {
    topology: String,
    /// The `CloudEvents` source of its submissions.
    source: String,
    rules: Rules,
    readers: Vec<Reader>,
    /// The number of children, if it does not depend on the parent.
    fixed_children: Option<u32>,
    /// [`SUBMISSIONS`], shared by all forwards.
    output: Arc<str>,
}

impl Bundle {
    /// The processor of the topology with this name, which is the `CloudEvents` source (`/sheaf/<topology>`) of its records.
    pub fn new(topology: &str, rules: Rules) -> Self {
        let readers: Vec<Reader> = rules.sources.iter().map(|source| Reader::new(source, rules.key)).collect();
        let fixed_children = (!readers.iter().any(Reader::has_expects)).then_some(rules.children);
        let source = submission::source_of_topology(topology);
        Self { topology: topology.to_owned(), source, rules, readers, fixed_children, output: Arc::from(SUBMISSIONS) }
    }

    /// The processor as a part of an application: the `CloudEvents` source of its records is `/sheaf/<application>/<topology>`.
    #[must_use]
    pub fn of_application(self, application: &str) -> Self {
        Self { source: submission::source(application, &self.topology), ..self }
    }

    /// Reads the fields of a member event. The source is found by topic and role, which the inbox record has, and not by an
    /// index, so that sources can be added and reordered while the inbox has records.
    fn arrival(&self, event: &Event) -> Result<Arrival, Reject> {
        let topic = event.record.source.topic.as_str();
        let is_source = |reader: &&Reader| &*reader.topic == topic && reader.member.as_str() == event.role;
        let Some(reader) = self.readers.iter().find(is_source) else {
            let detail = format!("the topology `{}` reads no {} from topic {topic}", self.topology, event.role);
            return Err(Reject::new(RejectReason::Unreadable, detail));
        };
        let parsed = event.parsed.get::<MemberFields>().filter(|fields| fields.are_from(event.record.value.as_ref()));
        let MemberFields { id, expects, position: stated_position, .. } = match parsed {
            Some(fields) => fields.clone(),
            None => reader.read(&event.record)?.member_fields()?,
        };
        let position = stated_position.and_then(|position| u32::try_from(position).ok());
        let (partition, offset) = (event.record.source.partition, event.record.offset);
        let member = Member {
            id,
            at: event.at,
            position: position.filter(|position| (1..=CHILDREN_MAX).contains(position)),
            content: event.record.value.clone().unwrap_or_default(),
            origin: Origin { topic: Arc::clone(&reader.topic), partition, offset },
        };
        Ok(Arrival { role: reader.member, expects, stated_position, member: Arc::new(member) })
    }

    /// Clamps an event time that is too far in the future, and counts it.
    fn clamp(event: &mut Event, now: Timestamp) -> Option<Effect> {
        let latest = now.saturating_add(AHEAD_MAX);
        if event.at <= latest {
            return None;
        }
        event.at = latest;
        Some(count::one(count::CLAMPED, ""))
    }
}
