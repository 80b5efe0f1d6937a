//! The parts that a build without default features does not have.

/// The error of a configuration or a command that needs such a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this build has no {part}: build with --features {feature} (the default)")]
pub struct NotBuilt {
    /// The part, such as `Kafka client`.
    pub part: &'static str,
    /// The feature of Cargo.toml that adds it.
    pub feature: &'static str,
}
