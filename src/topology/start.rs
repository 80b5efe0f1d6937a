//! Where the first start of an application begins to read a source.

use std::time::Duration;

use crate::model::Timestamp;

/// Where to begin a source that the application has never read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// The first record of the log.
    Earliest,
    /// The end of the log.
    Latest,
    /// The first record with this timestamp or a later one.
    Time(Timestamp),
    /// The first record that is not older than this at the first start.
    Ago(Duration),
}
