//! What a topology says about its bundles: where their members come from, how many there are, how long they may take.

use std::time::Duration;

use crate::codec::json::Pointer;

/// How many children a bundle has when nobody says.
pub const CHILDREN_DEFAULT: u32 = 1;

/// The most children that one bundle may have.
pub const CHILDREN_MAX: u32 = 10_000;

/// The default of [`Rules::sla`].
pub const SLA_DEFAULT: Duration = Duration::from_hours(24);

/// The default of [`Rules::keep_closed`].
pub const KEEP_CLOSED_DEFAULT: Duration = Duration::from_hours(7 * 24);

/// The rules of one topology's bundles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The topics that members come from; at most one source for a topic and a role.
    pub sources: Vec<SourceRules>,
    /// How many children a bundle has when its parent does not say; at most [`CHILDREN_MAX`].
    pub children: u32,
    /// From the earliest member's event time to the deadline.
    pub sla: Duration,
    /// How long a closed bundle is remembered, by the wall clock, to recognise what comes too late.
    pub keep_closed: Duration,
    /// The form of all ids.
    pub key: KeyFormat,
}

/// One topic that members come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRules {
    /// The topic's name.
    pub topic: String,
    /// What its records are to a bundle.
    pub member: Role,
    /// Where the bundle's id stands.
    pub bundle: Pointer,
    /// Where the member's own id stands.
    pub id: Pointer,
    /// Where a parent says how many children it expects; not read from children.
    pub expects: Option<Pointer>,
    /// Where a child says which one it is, from 1; not read from parents.
    pub position: Option<Pointer>,
    /// Where the time of the event stands; without it, it is the Kafka record's timestamp.
    pub time: Option<TimeRule>,
}

/// Where an event's time stands, and in which zone it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeRule {
    /// Where the time stands: ISO 8601, such as `2026-11-21T09:30:00.5+01:00`.
    pub pointer: Pointer,
    /// The zone (IANA, such as `Europe/Berlin`) of times that do not name one; without it they are rejected.
    pub zone: Option<String>,
}

/// What a member is to its bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The one that the bundle is named after.
    Parent,
    /// One of those that name the parent.
    Child,
}

impl Role {
    /// The stable word in headers, labels and alerts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Child => "child",
        }
    }
}

/// The form that a topology's ids have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyFormat {
    /// UUIDs, in any of their spellings; kept in lower case with hyphens.
    Uuid,
    /// Any text or integer, kept as it is.
    Text,
}
