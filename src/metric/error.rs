//! Why metrics cannot be set up or shown.

/// Why metrics cannot be set up or shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A family that the registry refuses: two of one name, or an illegal name.
    #[error("the metrics registry failed: {0}: this is a mistake in sheaf, please report it")]
    Registry(#[from] prometheus::Error),
    /// Two processors declare a family of the same name in different ways.
    #[error("the metric `{0}` is declared twice, with other labels or another help: give one of them another name")]
    Twice(&'static str),
}
