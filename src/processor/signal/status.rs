//! The statuses of signals, for lists and counts. The numbers are stored, so a status must keep its number.

use super::state::{Ended, Signal};
use crate::model::{Listing, Status};

/// The names, by number.
const NAMES: [&str; 3] = ["adding", "added", "failed"];

/// The status of a signal. Open ones are sorted by their begin, ended ones by their end.
pub(super) fn listing(signal: &Signal) -> Listing {
    let (number, at) = match signal {
        Signal::Adding(adding) => (0, adding.call.since),
        Signal::Added(Ended { at }) => (1, *at),
        Signal::Failed(Ended { at }) => (2, *at),
    };
    Listing::of(Status(number), Some(at))
}

/// True for a signal that has not ended.
pub(super) fn is_open(status: Status) -> bool {
    status.0 == 0
}

/// The name of a status.
pub(super) fn name(status: Status) -> &'static str {
    usize::try_from(status.0).ok().and_then(|number| NAMES.get(number)).copied().unwrap_or("not-known")
}
