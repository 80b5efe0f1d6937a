//! The flows at the steps of a picture.

use std::collections::BTreeMap;

use crate::processor::flow::StepId;

/// The flows at each step.
pub type Counts = BTreeMap<StepId, Count>;

/// The flows at a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Those that wait there: for an answer, a time, or another try.
    pub waiting: u64,
    /// Those that are held there until a person acts.
    pub held: u64,
    /// Those that have failed there, and went on by a handler or ended: of the flows that have ended too, until they are forgotten.
    pub failed: u64,
}

impl Count {
    /// It in words.
    pub(super) fn words(&self) -> String {
        let Self { waiting, held, failed } = self;
        format!("{waiting} wait here, {held} are held, {failed} have failed here")
    }
}
