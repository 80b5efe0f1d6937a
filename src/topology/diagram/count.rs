//! The instances at the steps of a picture.

use std::collections::BTreeMap;

use crate::processor::flow::StepId;

/// The instances at each step.
pub type Counts = BTreeMap<StepId, Count>;

/// The instances at a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Those that wait there: for an answer, a time, or another try.
    pub waiting: u64,
    /// Those that are held there until a person acts.
    pub held: u64,
}
