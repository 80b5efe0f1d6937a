//! The result of an audit.

use std::collections::BTreeMap;

/// The state of a ledger. All counts but `open` and `settled` are from the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Audit {
    /// Bundles that are complete, submitted once with the expected content, and delivered once.
    pub(crate) settled: u64,
    /// Incomplete bundles without outputs.
    pub(crate) open: u64,
    /// Complete bundles without a submission, an outcome or a folder.
    pub(crate) lost: Vec<String>,
    /// Second submissions, outcomes and folders.
    pub(crate) doubled: u64,
    /// Incomplete bundles with outputs.
    pub(crate) early: Vec<String>,
    /// Unexpected or wrong outputs, including duplicates.
    pub(crate) wrong: Vec<String>,
    /// The number of alerts, by kind and bundle.
    pub(crate) alerts: BTreeMap<String, u64>,
    /// Dead letters.
    pub(crate) dead_letters: u64,
}

impl Audit {
    /// True if nothing is lost, doubled, early, wrong or rejected, and there is no alert.
    pub(crate) fn is_correct(&self) -> bool {
        let nothing = self.lost.is_empty() && self.early.is_empty() && self.wrong.is_empty();
        nothing && self.doubled == 0 && self.dead_letters == 0 && self.alerts.is_empty()
    }

    /// Fails the test if it is not correct.
    pub(crate) fn assert_correct(&self) {
        assert!(self.is_correct(), "{self:#?}");
    }
}
