//! The bundle processor: gathers a parent and its children, in any order, and forwards the complete bundle exactly once.
//!
//! ```text
//!           first member           SLA passes         last member, expiry         7 days pass
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
//! | expected | the member is missing | `accepted`; `late` after the deadline, alert when the bundle ends; `too_old` [`Rules::expire`] before the watermark: not kept, alert |
//! | duplicate | same role and id as a received member, and an equal value | `duplicate`: counted only |
//! | conflict | same id or position as a received member, and another value | `conflict`: alert; which one is kept says [`Resolution`] |
//! | out of range | a child with a position that is not from 1 to N | `out_of_range`: not kept, alert |
//! | unexpected | a child beyond the number of children | `unexpected`: not kept, alert |
//! | poison | invalid, or the bundle would become too large | rejected: dead letter |
//!
//! The transition depends on the state:
//!
//! | state | expected member | other member | deadline due | keep-closed due |
//! |---|---|---|---|---|
//! | none | Open, schedule the deadline; Closed if complete at once | counted, alert; stays none | - | - |
//! | Open | added; the deadline is rescheduled if the earliest member changes; the last one: Closed | counted, alert | the warning: alert; the SLA: Breached, alert; the missing members in both | - |
//! | Breached | added; `late` and an alert if it is of after the deadline; the last one: Closed | counted, alert | Closed as expired, alert with the missing members | - |
//! | Closed | same id and value: `duplicate`; same id: `conflict`, alert; else `after_closing`, alert | | - | none |
//!
//! A dash means that the state is unchanged and there are no effects. Completing forwards the submission; expiring does not. Both
//! leave a marker for [`Rules::keep_closed`]. The outcome of an act is settled in every state, because a bundle has no acts. The commands
//! of an operator have a table in [`command`]. Each deviating event is alerted once, and at most [`REPORTED_MAX`]
//! of one bundle, unless [`Rules::reports`] says that it is counted only or ignored.
//!
//! **Equality**: two events are equal if their values are equal as JSON, without the fields that the source ignores
//! ([`SourceRules::ignore`]) and without the ids, which are compared by themselves.
//!
//! **Number of children**: the parent's ([`SourceRules::expects`]), else [`Rules::children`]; or the largest one that a child
//! announces, without a limit before the bundle is complete. A topology without a source of parents has bundles without one.
//! Where the number may vary ([`NamedChildren::min`], [`Rules::at_least`], [`Rules::complete_when`]) the bundle completes by the
//! deadline timer: when all events up to the time at which it is complete have been processed, with the members up to that time.
//! If parents may state it, children that arrive before their parent are added provisionally; surplus ones become unexpected, or
//! out of range, with the parent (positions beyond N first, then the latest by event time).
//!
//! **Children by name**: a topology may count children by name ([`Rules::members`]). Ids and positions are then those of one name,
//! two children of one name are not one of each, and alerts and submissions have the names.
//!
//! **Position of a child**: the stated one, if there is one; the other children fill the free positions in the order of
//! (event time, id). This is independent of the order of arrival, so that any interleaving of the same members gives the same
//! submission, byte for byte. So events may bypass the inbox ([`Processor::ORDER_FREE`](super::Processor)).
//!
//! **Time**: the deadline is the earliest member's event time + SLA, or the next cut-off time after it ([`CutOff`]); or what the
//! earliest member that states one says ([`SourceRules::deadline`]), if that is of before the deadline that held until then. Lateness depends on the event times of the members only:
//! the submission's `late` is true if the latest member is after the deadline, and the breach is alerted even if the timer has
//! not fired when the last member arrives. Members after the deadline count as missing at the deadline. The bundle expires
//! [`Rules::expire`] after its earliest member; members after that do not count. An event time that
//! cannot be, before [`PLAUSIBLE_FROM`] or more than [`AHEAD_MAX`] ahead, is replaced or rejected ([`Implausible`]).
//!
//! **Storage**: one entry while it is small, as most bundles are. Above some 4 KiB each member is stored in a part of the entry
//! ([`Effect::AddPart`]), written once, so that a member of a bundle with a thousand children costs as
//! much as one of a bundle with three.
//!
//! **Timeline**: each event with its outcome, event time and coordinates, the deadlines that have passed, and the end, without
//! payloads ([`Timeline`]). It is kept with the marker. While a bundle is incomplete its members are not stored a second time, so
//! that an accepted event costs nothing; [`Processor::show`](super::Processor::show) has them in their places.
//!
//! # The files
//!
//! | file | content |
//! |---|---|
//! | `rules`, `policy` | the settings |
//! | `topic` | reads the records of one topic, for all sources that it feeds |
//! | `version` | the schema versions that a source takes |
//! | `source` | reads and validates the fields of a member event |
//! | `id` | validates and normalizes ids |
//! | `time` | parses event times |
//! | `plausible` | event times that cannot be |
//! | `keying` | the keying step before the inbox |
//! | `state`, `gathering`, `member`, `stored`, `form`, `form_4`, `form_5`, `form_6` | the state and its encoding |
//! | `parts` | members in parts of the entry |
//! | `story`, `timeline`, `whole_timeline` | what happened to a bundle |
//! | `completion`, `complete_when`, `counting` | when a bundle is complete |
//! | `classify`, `conflict` | the class of a member event; another content for a known member |
//! | `step`, `phase`, `settle`, `close`, `deadline`, `cut_off`, `timing` | the transitions, the deadlines |
//! | [`command`] | the transitions by an operator's command |
//! | `submission`, `alert`, `report`, `count` | records, alerts and metrics |
//! | `progress` | records of an incomplete bundle: its opening, and signals of its members |
//! | `status`, `show` | the statuses for lists; a bundle as JSON |
//! | `fingerprint` | hashes of members, to recognize duplicates |

mod alert;
mod classify;
mod close;
pub mod command;
mod complete_when;
mod completion;
mod conflict;
pub mod count;
mod counting;
mod cut_off;
mod deadline;
mod ended;
mod fingerprint;
mod form;
mod form_4;
mod form_5;
mod form_6;
mod gathering;
mod id;
mod keying;
mod member;
mod parts;
mod phase;
mod plausible;
mod policy;
mod progress;
mod report;
mod rules;
mod settle;
mod show;
mod source;
mod state;
mod status;
mod step;
mod stored;
mod story;
mod submission;
#[cfg(test)]
mod tests;
mod time;
mod timeline;
mod timing;
mod topic;
mod version;
mod whole_timeline;

pub use complete_when::CONDITION_VARIABLES;
pub use cut_off::CutOff;
pub use fingerprint::Fingerprint;
pub use gathering::{Gathering, Missing, MissingChild};
pub use id::ID_LEN_MAX;
pub use keying::{KeyingError, MemberKeying, member_id};
pub use member::{Member, Origin};
pub use policy::{EventOutcome, Report, Reports, Resolution};
pub use progress::{OPENED_TYPE, OPENINGS, SIGNALS};
pub use rules::{
    AtLeast, CHILDREN_DEFAULT, CHILDREN_MAX, EXPIRE_DEFAULT, Implausible, KEEP_CLOSED_DEFAULT, KeyFormat,
    NO_IDS_DEFAULT, NamedChildren, PLAUSIBLE_FROM, Role, Rules, SLA_DEFAULT, SourceRules, TimeRule, TimeUnit,
};
pub use settle::PAYLOADS_MAX;
pub use state::{Ending, Marker, REPORTED_MAX, State};
pub use story::Story;
pub use submission::{EVENT_TYPE, application as submitting_application};
pub use timeline::Timeline;
pub use timing::Timing;
pub use version::{MissingVersion, VersionPattern, VersionRule};

use std::sync::Arc;
use std::time::Duration;

use self::classify::Arrival;
use self::counting::Counting;
use self::source::{MemberFields, Reader};
use self::topic::TopicReader;
use super::Event;
use crate::codec::json::Digester;
use crate::model::{Record, Reject, RejectReason, TimerKind};

/// The name of the output of completed bundles.
pub const SUBMISSIONS: &str = "submissions";

/// The timer of the next deadline: the warning, the SLA or the expiry.
pub const DEADLINE: TimerKind = TimerKind::Deadline(0);

/// The timer that deletes the marker of a closed bundle.
pub const KEEP_CLOSED: TimerKind = TimerKind::Delay(0);

/// The most that an event time may be ahead of the wall clock to be believed.
pub const AHEAD_MAX: Duration = Duration::from_mins(5);

/// The bundle processor of one topology.
#[derive(Clone, Debug)]
pub struct Bundle {
    topology: String,
    /// The `CloudEvents` source of its submissions.
    source: String,
    rules: Rules,
    topics: Vec<TopicReader>,
    /// How many children a bundle has.
    counting: Counting,
    /// The children by name, each with the number that is missed.
    wanted: Vec<NamedChildren>,
    /// True if a bundle has a parent.
    has_parent: bool,
    /// True if the number of members may vary.
    is_flexible: bool,
    /// The time from the earliest member to the sort key of an incomplete bundle in lists.
    listed_after: Duration,
    /// [`SUBMISSIONS`], shared by all forwards.
    output: Arc<str>,
}

impl Bundle {
    /// The processor of the topology with this name, which is the `CloudEvents` source (`/sheaf/<topology>`) of its records.
    pub fn new(topology: &str, rules: Rules) -> Self {
        let mut topics: Vec<TopicReader> = Vec::new();
        for source in &rules.sources {
            if !topics.iter().any(|reader| *reader.topic == source.topic) {
                topics.push(TopicReader::new(&rules, &source.topic));
            }
        }
        let has_expects = |role: Role| rules.sources.iter().any(|it| it.member == role && it.expects.is_some());
        let counting = if has_expects(Role::Parent) {
            Counting::Stated
        } else if has_expects(Role::Child) {
            Counting::Announced
        } else if rules.complete_when.is_some() {
            Counting::AtLeast(rules.children())
        } else {
            Counting::Fixed(rules.children())
        };
        let has_parent = rules.sources.iter().any(|source| source.member == Role::Parent);
        // Until a time-out the most of each name are waited for.
        let least = |named: &NamedChildren| if rules.at_least.is_some() { named.count } else { named.min };
        let wanted = rules.members.iter().map(|named| NamedChildren { min: least(named), ..named.clone() }).collect();
        let source = submission::source_of_topology(topology);
        let (topology, output) = (topology.to_owned(), Arc::from(SUBMISSIONS));
        let (is_flexible, listed_after) = (rules.is_flexible(), rules.listed_after());
        Self { topology, source, rules, topics, counting, wanted, has_parent, is_flexible, listed_after, output }
    }

    /// The processor as a part of an application: the `CloudEvents` source of its records is `/sheaf/<application>/<topology>`.
    #[must_use]
    pub fn of_application(self, application: &str) -> Self {
        Self { source: submission::source(application, &self.topology), ..self }
    }

    /// Reads the fields of a member event. The source is found by topic, role and conditions, for which the inbox record has all,
    /// and not by an index, so that sources can be added and reordered while the inbox has records.
    fn fields(&self, event: &Event) -> Result<(&TopicReader, &Reader, MemberFields), Reject> {
        let record = &event.record;
        let topic = record.source.topic.as_str();
        let reader = self.topics.iter().find(|reader| *reader.topic == *topic).ok_or_else(|| self.unknown(event))?;
        let parsed = event.parsed.get::<MemberFields>().filter(|fields| fields.are_from(record.value.as_ref()));
        let read = |opened: &Record| {
            reader.read(opened, Some(&event.role))?.ok_or_else(|| self.unknown(event))?.member_fields(record)
        };
        let fields = match parsed {
            Some(fields) => fields.clone(),
            None if reader.is_plain() => read(record)?,
            None => read(&*reader.open(record, Some(&event.role))?.ok_or_else(|| self.unknown(event))?)?,
        };
        let is_source = |source: &&Reader| source.role() == event.role;
        let source = reader.sources.get(fields.source).filter(is_source).ok_or_else(|| self.unknown(event))?;
        Ok((reader, source, fields))
    }

    fn unknown(&self, event: &Event) -> Reject {
        let (name, role, topic) = (&self.topology, &event.role, &event.record.source.topic);
        let detail =
            format!("the topology `{name}` reads no {role} from topic {topic}, or its `where` does not hold now");
        Reject::new(RejectReason::Unreadable, detail)
    }

    /// A member event of a source, with its fields.
    fn arrival<'r>(&self, topic: &TopicReader, source: &'r Reader, fields: MemberFields, event: &Event) -> Arrival<'r> {
        let MemberFields { id, expects, deadline, position: stated_position, content, .. } = fields;
        let position = stated_position.and_then(|position| u32::try_from(position).ok());
        let (partition, offset) = (event.record.source.partition, event.record.offset);
        let member = Member {
            id,
            name: source.name.clone(),
            at: event.at,
            position: position.filter(|position| (1..=CHILDREN_MAX).contains(position)),
            updated_at: None,
            content,
            origin: Origin { topic: Arc::clone(&topic.topic), partition, offset },
        };
        let limit = source.name.as_ref().and_then(|name| self.rules.members.iter().find(|named| named.name == *name));
        let (limit, digester) = (limit.map(|named| named.count), &*source.digester);
        Arrival { role: source.member, expects, deadline, stated_position, limit, digester, member: Arc::new(member) }
    }

    /// The sources of a topic.
    fn sources_of(&self, topic: &str) -> &[Reader] {
        self.topics.iter().find(|reader| *reader.topic == *topic).map_or(&[], |reader| &reader.sources)
    }

    /// The same state with names of children as the topology has them now. A child whose name is none of its topic's sources gets
    /// that of the first one.
    fn renamed(&self, state: State) -> State {
        match state {
            State::Open(gathering) => State::Open(self.renamed_members(gathering)),
            State::Breached(gathering) => State::Breached(self.renamed_members(gathering)),
            closed @ State::Closed(_) => closed,
        }
    }

    fn renamed_members(&self, gathering: Gathering) -> Gathering {
        let name = |child: &Member| {
            let mut names = self.sources_of(&child.origin.topic).iter().filter_map(|source| source.name.as_ref());
            let first = names.clone().next();
            names.find(|name| child.name.as_ref() == Some(name)).or(first).cloned()
        };
        gathering.rename(!self.rules.members.is_empty(), name)
    }

    /// The hash of a member's content. A member of a source that the topology does not have any more is hashed as a whole.
    fn digest(&self, role: Role, member: &Member) -> u128 {
        let is_source = |source: &&Reader| source.member == role && source.name == member.name;
        match self.sources_of(&member.origin.topic).iter().find(is_source) {
            Some(source) => source.digester.digest(&member.content),
            None => Digester::default().digest(&member.content),
        }
    }
}
