//! The statuses of a bundle, for lists and counts. The numbers are stored, so a status must keep its number.

use super::{Bundle, Ending, Gathering, State};
use crate::model::{Listing, Status};

/// Bits for the missing members of an incomplete bundle.
const PARENT: u64 = 1;
const CHILDREN: u64 = 2;
/// The bit for an SLA breach, added to these.
const BREACHED: u64 = 4;
const CLOSED: u64 = 8;
/// The bits for another end than a completion, added to this.
const EXPIRED: u64 = 1;
const FORCED: u64 = 2;
const CANCELLED: u64 = 4;

/// The names, by number.
const NAMES: [(u64, &str); 12] = [
    (0, "open/waiting-completion"),
    (BREACHED, "breached/waiting-completion"),
    (PARENT, "open/waiting-parent"),
    (CHILDREN, "open/waiting-children"),
    (PARENT | CHILDREN, "open/waiting-both"),
    (BREACHED | PARENT, "breached/waiting-parent"),
    (BREACHED | CHILDREN, "breached/waiting-children"),
    (BREACHED | PARENT | CHILDREN, "breached/waiting-both"),
    (CLOSED, "closed"),
    (CLOSED | EXPIRED, "expired"),
    (CLOSED | FORCED, "closed/forced"),
    (CLOSED | CANCELLED, "cancelled"),
];

/// The status of a bundle; incomplete bundles are sorted by deadline if that is always as long after their earliest member, else
/// by that member; closed ones by the due time of their timer.
pub(super) fn listing(bundle: &Bundle, state: &State) -> Listing {
    let from_first = bundle.listed_after;
    match state {
        State::Open(gathering) => Listing::of(Status(waits_for(bundle, gathering)), gathering.due(from_first)),
        State::Breached(gathering) => {
            Listing::of(Status(BREACHED | waits_for(bundle, gathering)), gathering.due(from_first))
        }
        State::Closed(marker) => {
            let ending = match marker.ending {
                Ending::Completed => 0,
                Ending::Expired => EXPIRED,
                Ending::Forced => FORCED,
                Ending::Cancelled => CANCELLED,
            };
            Listing::of(Status(CLOSED | ending), None)
        }
    }
}

/// True for an incomplete bundle.
pub(super) fn is_open(status: Status) -> bool {
    status.0 & CLOSED == 0
}

/// True for an incomplete bundle after its deadline.
pub(super) fn is_breached(status: Status) -> bool {
    status.0 & (CLOSED | BREACHED) == BREACHED
}

/// The name of a status.
pub(super) fn name(status: Status) -> &'static str {
    NAMES.iter().find(|(number, _)| *number == status.0).map_or("unknown", |(_, name)| name)
}

/// The bits of the missing members.
fn waits_for(bundle: &Bundle, gathering: &Gathering) -> u64 {
    let parent = if bundle.lacks_parent(gathering) { PARENT } else { 0 };
    parent | if bundle.lacks_some(gathering) { CHILDREN } else { 0 }
}
