//! What an audit says.

use std::collections::BTreeMap;

/// The state of a ledger. Everything but `open` and `settled` is counted from the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Audit {
    /// Bundles that are complete, submitted once with the right content, and delivered once.
    pub(crate) settled: u64,
    /// Bundles of which members lack, and of which nothing has come out.
    pub(crate) open: u64,
    /// Complete bundles that lack a submission, an outcome or a folder now.
    pub(crate) lost: Vec<String>,
    /// Second submissions, outcomes and folders.
    pub(crate) doubled: u64,
    /// Bundles of which something has come out although members lack.
    pub(crate) early: Vec<String>,
    /// Everything that came out and should not have, or not so; doublings among it.
    pub(crate) wrong: Vec<String>,
    /// How often each alert came, by kind and bundle.
    pub(crate) alerts: BTreeMap<String, u64>,
    /// Dead letters.
    pub(crate) dead_letters: u64,
}

impl Audit {
    /// True when nothing is lost, doubled, early, wrong, rejected, and nobody was alerted.
    pub(crate) fn is_right(&self) -> bool {
        let nothing = self.lost.is_empty() && self.early.is_empty() && self.wrong.is_empty();
        nothing && self.doubled == 0 && self.dead_letters == 0 && self.alerts.is_empty()
    }

    /// Fails the test when something is not right.
    pub(crate) fn assert_right(&self) {
        assert!(self.is_right(), "{self:#?}");
    }
}
