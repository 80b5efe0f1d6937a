//! Where a bundle stands, for lists and counts. The numbers are stored: a status keeps its number for ever.

use std::time::Duration;

use super::{Gathering, State};
use crate::model::{Listing, Status};

/// What a waiting bundle waits for.
const PARENT: u64 = 1;
const CHILDREN: u64 = 2;
/// Added to these after the breach of the deadline.
const BREACHED: u64 = 4;
const CLOSED: u64 = 8;

/// The names, by number.
const NAMES: [(u64, &str); 7] = [
    (PARENT, "open/waiting-parent"),
    (CHILDREN, "open/waiting-children"),
    (PARENT | CHILDREN, "open/waiting-both"),
    (BREACHED | PARENT, "breached/waiting-parent"),
    (BREACHED | CHILDREN, "breached/waiting-children"),
    (BREACHED | PARENT | CHILDREN, "breached/waiting-both"),
    (CLOSED, "closed"),
];

/// The status of a bundle, of which `certain` is how many children there are when that does not depend on the parent. Those that wait are ordered by their deadlines, closed ones by when their markers go.
pub(super) fn listing(state: &State, sla: Duration, certain: Option<u32>) -> Listing {
    match state {
        State::Open(gathering) => Listing::of(Status(waits_for(gathering, certain)), gathering.due(sla)),
        State::Breached(gathering) => Listing::of(Status(BREACHED | waits_for(gathering, certain)), gathering.due(sla)),
        State::Closed(_) => Listing::of(Status(CLOSED), None),
    }
}

/// A status in words.
pub(super) fn name(status: Status) -> &'static str {
    NAMES.iter().find(|(number, _)| *number == status.0).map_or("unknown", |(_, name)| name)
}

/// Before it is known how many children there are, they count as missing while none has come.
fn waits_for(gathering: &Gathering, certain: Option<u32>) -> u64 {
    let parent = if gathering.parent().is_none() { PARENT } else { 0 };
    let count = gathering.count();
    let children = gathering.wanted.or(certain).map_or(count == 0, |wanted| count < wanted);
    parent | if children { CHILDREN } else { 0 }
}
