//! Another instance of the application.

use std::collections::BTreeSet;

use crate::model::TaskId;

/// Another living instance, as it has registered itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The address at which others reach its HTTP server; `None`: it has none, or is of a version that did not tell it.
    pub http: Option<String>,
    /// Its tasks.
    pub owned: BTreeSet<TaskId>,
}
