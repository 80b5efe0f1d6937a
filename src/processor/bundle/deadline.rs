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
        let mut due = match &self.cut_off {
            None => first.saturating_add(self.sla),
            Some(cut_off) => cut_off.next(first),
        };
        // A deadline that is stated after the one that held until then comes too late.
        if let Some((at, stated)) = gathering.timing.stated
            && at <= due
        {
            due = stated;
        }
        let mut expiry = first.saturating_add(self.expire);
        if let Some(until) = gathering.timing.extended {
            expiry = expiry.saturating_add(until.since(due));
            due = until;
        }
        let warning = match self.warn_before {
            None => None,
            Some(before) => Some(due.saturating_sub(before)).filter(|warning| *warning > first),
        };
        Some(Deadlines { warning, due, expiry })
    }

    /// The end of an incomplete bundle; `None` without members.
    pub(super) fn expiry(&self, gathering: &Gathering) -> Option<Timestamp> {
        if gathering.timing.extended.is_some() {
            return self.deadlines(gathering).map(|deadlines| deadlines.expiry);
        }
        Some(gathering.first_at()?.saturating_add(self.expire))
    }
}

impl Deadlines {
    /// The earliest deadline that has not passed.
    pub(super) fn next(&self, gathering: &Gathering, is_breached: bool) -> Timestamp {
        let next = match (is_breached, self.unwarned(gathering)) {
            (true, _) => self.expiry,
            (false, None) => self.due.min(self.expiry),
            (false, Some(warning)) => warning.min(self.expiry),
        };
        match gathering.timing.completes_at {
            None => next,
            Some(completes_at) => next.min(completes_at),
        }
    }

    /// The warning, if it has not been published.
    pub(super) fn unwarned(&self, gathering: &Gathering) -> Option<Timestamp> {
        if gathering.timing.warned { None } else { self.warning }
    }
}
