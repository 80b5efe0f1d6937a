//! Partitions that an answer lacks.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A partition without an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incomplete {
    /// The partition.
    pub partition: i32,
    /// The reason, with the instance.
    pub reason: String,
}

impl Incomplete {
    /// A partition without an answer.
    pub const fn new(partition: i32, reason: String) -> Self {
        Self { partition, reason }
    }

    /// The partitions of `all` that were not answered for: each with a reason that an instance gave, or else `otherwise`.
    pub fn rest(
        all: &BTreeSet<i32>,
        answered: &BTreeSet<i32>,
        told: &[Self],
        otherwise: impl Fn(i32) -> String,
    ) -> Vec<Self> {
        let missing = all.difference(answered).map(|partition| {
            let told = told.iter().find(|told| told.partition == *partition);
            told.cloned().unwrap_or_else(|| Self::new(*partition, otherwise(*partition)))
        });
        missing.collect()
    }
}
