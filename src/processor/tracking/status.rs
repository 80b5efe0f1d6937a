//! The statuses of runs, for lists and counts. The numbers are stored, so a status must keep its number.

use super::state::{Ended, Tracking};
use crate::model::{Listing, Status};

/// The names, by number.
const NAMES: [&str; 4] = ["followed", "failed", "ended-ok", "gone"];

/// The status of a run. Followed ones are sorted by their submit, ended ones by their end.
pub(super) fn listing(state: &Tracking) -> Listing {
    let (number, at) = match state {
        Tracking::Followed(run) if run.failed_job.is_none() => (0, run.submitted_at),
        Tracking::Followed(run) => (1, run.submitted_at),
        Tracking::Ended(Ended { is_ok: true, at, .. }) => (2, *at),
        Tracking::Ended(Ended { is_ok: false, at, .. }) => (3, *at),
    };
    Listing::of(Status(number), Some(at))
}

/// True for a run that has not ended.
pub(super) fn is_open(status: Status) -> bool {
    status.0 <= 1
}

/// The name of a status.
pub(super) fn name(status: Status) -> &'static str {
    usize::try_from(status.0).ok().and_then(|number| NAMES.get(number)).copied().unwrap_or("not-known")
}
