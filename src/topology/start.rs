//! Where the first start of an application begins to read a source.

use std::fmt;
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

impl fmt::Display for StartAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Earliest => f.write_str("earliest"),
            Self::Latest => f.write_str("latest"),
            Self::Time(at) => at.fmt(f),
            Self::Ago(age) => write!(f, "{age:?} ago"),
        }
    }
}
