//! A record that waits until it is due.

use crate::model::Timestamp;

/// A record that waits until it is due; the key of its entry has its key and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// The timestamp of the last request.
    pub requested_at: Timestamp,
    /// When the record is due.
    pub due: Timestamp,
}
