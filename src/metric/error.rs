//! The errors of setting up or encoding metrics.

/// An error of setting up or encoding metrics.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A family that the registry refuses: a duplicate or illegal name.
    #[error("the metrics registry failed: {0}: this is a bug in sheaf, please report it")]
    Registry(#[from] prometheus::Error),
    /// Two processors declare a family of the same name differently.
    #[error("the metric `{0}` is declared twice, with other labels or another help: give one of them another name")]
    Twice(&'static str),
}
