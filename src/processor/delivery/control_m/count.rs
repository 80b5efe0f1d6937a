//! The metrics of rendering job definitions.

pub(super) use crate::processor::delivery::count::{RENDERED, render};

use crate::processor::delivery::count::renders;
use crate::processor::{Count, Family};

/// A definition without the folder for look-ups.
pub(super) const NO_FOLDER: Count = render("no_folder");
/// A definition that breaks a rule of jobs-as-code.
pub(super) const INVALID: Count = render("invalid_definition");

/// The family, with all its series.
pub(super) fn families() -> Vec<Family> {
    vec![renders(&[NO_FOLDER, INVALID])]
}
