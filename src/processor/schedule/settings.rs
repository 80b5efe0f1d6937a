//! The topics of the processor.

/// The settings of the processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The topics with requests; each once.
    pub reads: Vec<String>,
    /// The topic that due records are written to.
    pub writes: String,
}
