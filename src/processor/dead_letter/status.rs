//! The statuses of dead letters, for lists and counts. The numbers are stored, so a status must keep its number.

use super::{Disposition, Letter};
use crate::model::{Listing, Status};

/// The names, by number.
const NAMES: [&str; 4] = ["open", "redriven", "edited", "discarded"];

/// The status of a letter, sorted by its last rejection.
pub(super) fn listing(letter: &Letter) -> Listing {
    let number = match letter.disposition {
        Disposition::Open => 0,
        Disposition::Redriven => 1,
        Disposition::Edited => 2,
        Disposition::Discarded => 3,
    };
    Listing::of(Status(number), Some(letter.rejected_at))
}

/// True for a letter about which nothing was done.
pub(super) fn is_open(status: Status) -> bool {
    status.0 == 0
}

/// The name of a status.
pub(super) fn name(status: Status) -> &'static str {
    usize::try_from(status.0).ok().and_then(|number| NAMES.get(number)).copied().unwrap_or("not-known")
}
