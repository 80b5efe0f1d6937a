//! The statuses of a delivery, for lists and counts. The numbers are stored, so a status must keep its number.

use super::Journal;
use crate::model::{Listing, Status};

/// The status of a delivery that waits for a person.
const HELD: Status = Status(7);

/// The names, by number.
const NAMES: [&str; 8] = ["submitting", "waiting", "unsure", "looking-up", "submitted", "failed", "unknown", "held"];

/// The status of a delivery. Open ones are sorted by their begin, moved by the time for which the target refused everybody, and
/// ended ones by the time of the end.
pub(super) fn listing(journal: &Journal) -> Listing {
    let (number, at) = match journal {
        Journal::Submitting(open) => (0, open.since),
        Journal::Waiting(open) => (1, open.since),
        Journal::Unsure(open) => (2, open.since),
        Journal::LookingUp(open) => (3, open.since),
        Journal::Submitted(end) => (4, end.at),
        Journal::Failed(end) => (5, end.at),
        Journal::Unknown(end) => (6, end.at),
        Journal::Held(end) => (7, end.at),
    };
    Listing::of(Status(number), Some(at))
}

/// True for a delivery that has not ended, or waits for a person.
pub(super) fn is_open(status: Status) -> bool {
    status.0 <= 3 || status == HELD
}

/// The name of a status.
pub(super) fn name(status: Status) -> &'static str {
    usize::try_from(status.0).ok().and_then(|number| NAMES.get(number)).copied().unwrap_or("not-known")
}
