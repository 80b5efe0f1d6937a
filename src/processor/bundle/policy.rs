//! What becomes of events that deviate: which of two contents counts, and who is told.

use std::collections::BTreeMap;

/// The class of a member event in metrics, alerts and policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventOutcome {
    /// A missing member, in time.
    Accepted,
    /// A received member again, with an equal content.
    Duplicate,
    /// Another content for a received member, or for its position.
    Conflict,
    /// A missing member after the deadline.
    Late,
    /// A child beyond the number of children.
    Unexpected,
    /// A child whose position is not from 1 to the number of children.
    OutOfRange,
    /// A missing member that is older than an incomplete bundle can be.
    TooOld,
    /// A new member of a bundle that has ended.
    AfterClosing,
    /// A deviation that the topology ignores.
    Ignored,
}

impl EventOutcome {
    /// The outcomes that have a policy; each is also the kind of an alert.
    pub const DEVIATIONS: [Self; 7] = [
        Self::Duplicate,
        Self::Conflict,
        Self::Late,
        Self::Unexpected,
        Self::OutOfRange,
        Self::TooOld,
        Self::AfterClosing,
    ];

    /// The stable name in labels, kinds of alerts and topology files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Conflict => "conflict",
            Self::Late => "late",
            Self::Unexpected => "unexpected",
            Self::OutOfRange => "out_of_range",
            Self::TooOld => "too_old",
            Self::AfterClosing => "after_closing",
            Self::Ignored => "ignored",
        }
    }
}

/// How a deviation is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// Counted, and alerted once for each event.
    Alert,
    /// Counted.
    Count,
    /// Counted as ignored; a late member as accepted.
    Ignore,
}

/// How each deviation is reported: duplicates are counted and all others alerted, unless the topology says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reports(BTreeMap<EventOutcome, Report>);

impl Reports {
    /// Reports a deviation in another way.
    pub fn set(&mut self, deviation: EventOutcome, report: Report) {
        self.0.insert(deviation, report);
    }

    /// How a deviation is reported.
    pub fn of(&self, deviation: EventOutcome) -> Report {
        let default = if deviation == EventOutcome::Duplicate { Report::Count } else { Report::Alert };
        self.0.get(&deviation).copied().unwrap_or(default)
    }
}

/// Which of two contents of one member counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resolution {
    /// The one that was processed first.
    #[default]
    First,
    /// The one with the latest event time, until the bundle ends.
    Latest,
    /// The one that was processed first; the other one is a dead letter.
    Reject,
}
