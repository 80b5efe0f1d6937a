//! The deadlines of an incomplete bundle: the warning, the SLA, the expiry. They depend on the event times of its members.
//!
//! One timer is scheduled, for the earliest deadline that has not passed: [`DEADLINE`](super::DEADLINE).

use super::{Gathering, Rules};
use crate::model::Timestamp;

/// The deadlines of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadlines {
    /// The warning; `None` if there is none, or if the bundle did not begin before it.
    pub(super) warning: Option<Timestamp>,
    /// The deadline of the SLA.
    pub(super) due: Timestamp,
    /// The end of an incomplete bundle.
    pub(super) expiry: Timestamp,
}

impl Rules {
    /// The deadlines of a bundle; `None` without members.
    pub(super) fn deadlines(&self, gathering: &Gathering) -> Option<Deadlines> {
        let first = gathering.first_at()?;
        let due = self.cut_off.as_ref().map_or_else(|| first.saturating_add(self.sla), |cut_off| cut_off.next(first));
        // A deadline that is stated after the one that held until then comes too late.
        let due = gathering.timing.stated.filter(|(at, _)| *at <= due).map_or(due, |(_, stated)| stated);
        let warning = self.warn_before.map(|before| due.saturating_sub(before)).filter(|warning| *warning > first);
        Some(Deadlines { warning, due, expiry: first.saturating_add(self.expire) })
    }
}

impl Deadlines {
    /// The earliest deadline that has not passed.
    pub(super) fn next(&self, gathering: &Gathering, is_breached: bool) -> Timestamp {
        let due = if is_breached { self.expiry } else { self.unwarned(gathering).unwrap_or(self.due) };
        due.min(self.expiry).min(gathering.timing.completes_at.unwrap_or(self.expiry))
    }

    /// The warning, if it has not been published.
    pub(super) fn unwarned(&self, gathering: &Gathering) -> Option<Timestamp> {
        self.warning.filter(|_| !gathering.timing.warned)
    }
}
