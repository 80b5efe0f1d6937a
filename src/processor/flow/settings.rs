//! The settings of the flows of one application.

use std::collections::BTreeMap;
use std::time::Duration;

use super::message::Reads;

/// For how long a flow is kept after its end, if a file does not say.
pub const KEEP_CLOSED_DEFAULT: Duration = Duration::from_hours(7 * 24);

/// The settings of the flows of one application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The application's id.
    pub application: String,
    /// The sources.
    pub reads: Vec<Reads>,
    /// How messages are written; staged templates write none.
    pub writes: Option<Writes>,
    /// For how long a flow is kept after its end.
    pub keep_closed: Duration,
}

/// How the messages of flows are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writes {
    /// The topic.
    pub topic: String,
    /// The format.
    pub format: WriteFormat,
    /// The header with the type.
    pub type_header: String,
    /// The attribute `source`; the name of the topology if a file does not say.
    pub source: String,
    /// The attributes of the message that has begun the flow which its messages repeat.
    pub carry: Vec<String>,
    /// Further attributes, with their texts.
    pub set: BTreeMap<String, String>,
    /// True if a correlation id is written as `<key>~<id>`, for services that repeat nothing else: an answer without a
    /// key belongs to the flow that its correlation id names.
    pub embeds_key: bool,
}

/// The format of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteFormat {
    /// A `CloudEvent` in the structured mode.
    CloudEvents,
    /// The data with the attributes beside it.
    Json,
}
