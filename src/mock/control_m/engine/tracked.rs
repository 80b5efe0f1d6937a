//! A service among the active jobs.

use std::collections::BTreeSet;

use crate::model::Timestamp;

/// A service among the active jobs.
#[derive(Debug)]
pub(super) struct Tracked {
    /// When it has to be complete; none means never.
    pub(super) due: Option<Timestamp>,
    /// The jobs that it depends on, with itself.
    pub(super) path: BTreeSet<u64>,
    /// What was raised; each once.
    pub(super) raised: BTreeSet<&'static str>,
}
