//! The topics whose records are traced, and for how long a trace is kept.

use std::time::Duration;

use crate::processor::place::{Format, Place};

/// The time for which a trace is kept after its last record, if a file names none.
pub const KEEP_DEFAULT: Duration = Duration::from_hours(7 * 24);

/// The settings of the processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The time after the last record for which a trace is kept, on the wall clock of the instance.
    pub keep: Duration,
    /// The topics; each once.
    pub reads: Vec<Reads>,
}

/// A topic whose records are traced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reads {
    /// The topic.
    pub topic: String,
    /// The format of its values.
    pub format: Format,
    /// The place of the trace id.
    pub id: Place,
    /// The place of the message's name.
    pub name: Place,
}
