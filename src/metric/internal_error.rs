//! Misuses of the metrics.

use prometheus::{IntCounterVec, Result};

use super::registry::Maker;

/// A misuse of the metrics, which is counted and does not fail a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InternalError {
    /// A count of an unknown family.
    UnknownFamily,
    /// A count of an undeclared series.
    UnknownLabel,
}

impl InternalError {
    /// All errors.
    pub(super) const ALL: [Self; 2] = [Self::UnknownFamily, Self::UnknownLabel];

    /// The label's value.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownFamily => "unknown_family",
            Self::UnknownLabel => "unknown_label",
        }
    }
}

/// The counter of internal errors.
#[derive(Clone, Debug)]
pub(super) struct InternalErrors(IntCounterVec);

impl InternalErrors {
    pub(super) fn new(maker: &Maker) -> Result<Self> {
        let help = "Internal errors that were ignored; please report them.";
        let errors = maker.counters("internal_errors_total", help, &["kind"])?;
        for error in InternalError::ALL {
            errors.with_label_values(&[error.as_str()]).reset();
        }
        Ok(Self(errors))
    }

    pub(super) fn count(&self, error: InternalError) {
        self.0.with_label_values(&[error.as_str()]).inc();
    }
}
