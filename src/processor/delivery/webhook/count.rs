//! The metrics of rendering requests.

use crate::processor::delivery::count::{render, renders};
use crate::processor::{Count, Family};

/// A path that cannot be made.
pub(super) const PATH: Count = render("path");

/// The family, with all its series.
pub(super) fn families() -> Vec<Family> {
    vec![renders(&[PATH])]
}
