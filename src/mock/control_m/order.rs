//! A folder that was submitted.

use super::definition::Folder;
use crate::model::Timestamp;

/// A folder that was submitted.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// The id of its run.
    pub(super) run_id: String,
    /// The folder.
    pub(super) folder: Folder,
    /// The id of the folder; its jobs have the next ones.
    pub(super) first_id: u64,
    /// When it was submitted.
    pub(super) ordered_at: Timestamp,
    /// The time from which on it is visible.
    pub(super) visible_at: Timestamp,
}
