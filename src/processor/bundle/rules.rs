//! The bundle settings of a topology: the sources of members, the number of children, the SLA.

use std::sync::Arc;
use std::time::Duration;

use super::{CutOff, Reports, Resolution, VersionRule};
use crate::model::Timestamp;
use crate::processor::place::{Condition, Format, Place};
use crate::template::Expression;

/// The earliest event time that is believed, 2000-01-01T00:00:00Z. Earlier ones are zeros, -1, or seconds taken for
/// milliseconds.
pub const PLAUSIBLE_FROM: Timestamp = Timestamp::from_millis(946_684_800_000);

/// The default of [`Rules::children`].
pub const CHILDREN_DEFAULT: u32 = 1;

/// The most children of one bundle.
pub const CHILDREN_MAX: u32 = 10_000;

/// The default of [`Rules::sla`].
pub const SLA_DEFAULT: Duration = Duration::from_hours(24);

/// The default of [`Rules::keep_closed`].
pub const KEEP_CLOSED_DEFAULT: Duration = Duration::from_hours(7 * 24);

/// The default of [`Rules::expire`]; twice the SLA if that is longer.
pub const EXPIRE_DEFAULT: Duration = Duration::from_hours(14 * 24);

/// The default of [`Rules::no_ids`].
pub const NO_IDS_DEFAULT: [&str; 14] = [
    "null",
    "none",
    "nil",
    "undefined",
    "nan",
    "n/a",
    "(null)",
    "<null>",
    "<nil>",
    "[object object]",
    "\\n",
    "-",
    "0",
    "-1",
];

/// The bundle settings of one topology.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The sources of members. Those of one topic are told apart by their conditions.
    pub sources: Vec<SourceRules>,
    /// The number of children if the parent does not state it; at most [`CHILDREN_MAX`]. Ignored if they are counted by name.
    pub children: u32,
    /// The children by name, in the order of the submission; empty: all children are counted together.
    pub members: Vec<NamedChildren>,
    /// What must hold for a bundle that has its least members; [`children`](Self::children) is the least number then.
    pub complete_when: Option<Expression>,
    /// The members that suffice after a time-out; `None`: all are needed.
    pub at_least: Option<AtLeast>,
    /// Which of two contents of one member counts.
    pub conflicts: Resolution,
    /// How deviations are reported.
    pub reports: Reports,
    /// The time from the earliest member's event time to the deadline.
    pub sla: Duration,
    /// The time of the day at which bundles are due, in place of [`sla`](Self::sla).
    pub cut_off: Option<CutOff>,
    /// The time from a warning to the deadline; `None`: no warning.
    pub warn_before: Option<Duration>,
    /// The time from the earliest member's event time to the end of an incomplete bundle.
    pub expire: Duration,
    /// The retention of the marker of a closed bundle, by the wall clock, to recognize duplicate and late members.
    pub keep_closed: Duration,
    /// True if the opening of each bundle and a signal for each of its members are forwarded while it is incomplete; the number
    /// of members must be fixed.
    pub progress: bool,
    /// The form of all ids.
    pub key: KeyFormat,
    /// The words that mean that there is no id, in any case; for [`KeyFormat::Text`].
    pub no_ids: Vec<String>,
}

/// Children of one name, which are counted by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedChildren {
    /// The name.
    pub name: Arc<str>,
    /// The most of them in a bundle, from 1.
    pub count: u32,
    /// The least of them.
    pub min: u32,
}

/// The members that suffice after a time-out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtLeast {
    /// The least number of children; ignored if they are counted by name, where [`NamedChildren::min`] is.
    pub children: u32,
    /// The time-out, from the earliest member's event time.
    pub after: Duration,
}

impl Rules {
    /// The rules with these sources and with the defaults.
    pub fn new(sources: Vec<SourceRules>) -> Self {
        Self {
            sources,
            children: CHILDREN_DEFAULT,
            members: Vec::new(),
            complete_when: None,
            at_least: None,
            conflicts: Resolution::default(),
            reports: Reports::default(),
            sla: SLA_DEFAULT,
            cut_off: None,
            warn_before: None,
            expire: EXPIRE_DEFAULT,
            keep_closed: KEEP_CLOSED_DEFAULT,
            progress: false,
            key: KeyFormat::Uuid,
            no_ids: NO_IDS_DEFAULT.map(str::to_owned).into(),
        }
    }

    /// The time from the earliest member to the sort key of an incomplete bundle in lists: its deadline, if that is always
    /// [`sla`](Self::sla) after that member, and else that member.
    pub(super) fn listed_after(&self) -> Duration {
        let is_sla = self.cut_off.is_none() && self.sources.iter().all(|source| source.deadline.is_none());
        if is_sla { self.sla } else { Duration::ZERO }
    }

    /// True if the number of members may vary.
    pub fn is_flexible(&self) -> bool {
        self.at_least.is_some()
            || self.complete_when.is_some()
            || self.members.iter().any(|named| named.min < named.count)
    }

    /// The format of the values of a topic, which is that of all its sources.
    pub(super) fn format(&self, topic: &str) -> Format {
        self.sources.iter().find(|source| source.topic == topic).map(|source| source.format).unwrap_or_default()
    }

    /// The number of children if no parent states it.
    pub fn children(&self) -> u32 {
        if self.members.is_empty() { self.children } else { self.members.iter().map(|named| named.count).sum() }
    }
}

/// A source of members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRules {
    /// The topic's name.
    pub topic: String,
    /// The format of its values; the same for all sources of one topic.
    pub format: Format,
    /// The conditions that all hold for the records of this source; others are passed over.
    pub conditions: Vec<Condition>,
    /// The role of its records in a bundle.
    pub member: Role,
    /// The name of its children, one of [`Rules::members`]; `None` for parents and for children that are counted together.
    pub name: Option<Arc<str>>,
    /// The place of the bundle's id.
    pub bundle: Place,
    /// The place of the member's id.
    pub id: Place,
    /// The place of the number of children, in events of the parent or of children.
    pub expects: Option<Place>,
    /// The place of a child's position, from 1; ignored for parents.
    pub position: Option<Place>,
    /// The field with the event time; `None`: the timestamp of the Kafka record.
    pub time: Option<TimeRule>,
    /// The field with the deadline of the bundle, in parents or children by name; `None`: it is that of the rules.
    pub deadline: Option<TimeRule>,
    /// The schema versions that are taken; `None`: any.
    pub version: Option<VersionRule>,
    /// The fields and attributes that do not count when two events with one id are compared, besides the ids of bundle and member.
    pub ignore: Vec<Place>,
    /// What happens to a record with an event time that cannot be.
    pub implausible: Implausible,
}

impl SourceRules {
    /// The rules of a topic with these places and with the defaults.
    pub fn new(topic: &str, member: Role, bundle: Place, id: Place) -> Self {
        Self {
            topic: topic.to_owned(),
            format: Format::Json,
            conditions: Vec::new(),
            member,
            name: None,
            bundle,
            id,
            expects: None,
            position: None,
            time: None,
            deadline: None,
            version: None,
            ignore: Vec::new(),
            implausible: Implausible::AppendTime,
        }
    }
}

/// The field with the event time, and its time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeRule {
    /// The place: ISO 8601, such as `2026-11-21T09:30:00.5+01:00`, or a number of units since 1970.
    pub place: Place,
    /// The time zone (IANA, such as `Europe/Berlin`) of times without an offset; if `None`, they are rejected.
    pub zone: Option<String>,
    /// The unit of numbers; if `None`, they are rejected.
    pub unit: Option<TimeUnit>,
}

/// The unit of an event time that is a number, since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
}

/// The policy for an event time that cannot be: before [`PLAUSIBLE_FROM`], or more than [`AHEAD_MAX`](super::AHEAD_MAX) ahead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Implausible {
    /// It is replaced by the timestamp of the record if that one can be (a topic with log-append time), else by the time at
    /// which the record is read.
    #[default]
    AppendTime,
    /// The record is rejected.
    Reject,
}

/// The role of a member in its bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The parent, which is one per bundle.
    Parent,
    /// A child, which refers to the parent.
    Child,
}

impl Role {
    /// The stable name in headers, labels and alerts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Child => "child",
        }
    }
}

/// The form of a topology's ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyFormat {
    /// UUIDs in any notation; normalized to lower case with hyphens.
    Uuid,
    /// Any text or integer, unchanged.
    Text,
}
