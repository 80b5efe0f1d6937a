//! Data that is damaged, cut off, half written or awkward: rebuilt or refused with a clear message, never silently wrong.
//!
//! | file | what |
//! |---|---|
//! | `input` | sources with aborted and open transactions, huge bundles, records of the largest size |
//! | `changelog` | changelogs that end in an aborted or an open transaction, that were cut off, or are new |
//! | `answer` | commits whose request or answer is lost on its way (`proxy`), submits that a proxy answers |
//! | `fetch` | one partition whose fetches the broker answers with an error |
//! | `disk` | files that were changed, a disk that is full, a state directory that comes back after a month |

mod answer;
mod answer_of_fetch;
mod changelog;
mod disk;
mod fetch;
mod input;
mod proxy;

use super::bundle::{Bundle, Event};

/// The parents of bundles, and their children.
fn halves(bundles: &[Bundle]) -> (Vec<Event>, Vec<Event>) {
    bundles.iter().flat_map(Bundle::events).partition(|(is_parent, _)| *is_parent)
}
