//! The section `log`: the level and the format of log lines.

use super::field::{Default, Field, Kind};
use super::reader::Reader;

/// The level and the format of log lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The format.
    pub format: LogFormat,
    /// The least severe level, or a filter in the syntax of `tracing-subscriber`'s `EnvFilter`.
    pub level: String,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Plain text, for people.
    Text,
    /// One JSON object per line, for machines.
    Json,
    /// Text when standard error is a terminal, JSON otherwise.
    Auto,
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        path: "log.format",
        kind: Kind::Word(&["text", "json", "auto"]),
        default: Default::Value("auto"),
        doc: "The format of log lines: `text`, `json` (one object per line), or `auto`: `text` when standard error \
              is a terminal, `json` otherwise.",
    },
    Field {
        path: "log.level",
        kind: Kind::Text,
        default: Default::Value("info"),
        doc: "The least severe level that is logged (`error`, `warn`, `info`, `debug`, `trace`), or a filter such as \
              `info,sheaf::runtime=debug`. The variable `SHEAF_LOG` overrides it.",
    },
];

pub(super) fn read(from: &Reader<'_>) -> Option<Log> {
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json), ("auto", LogFormat::Auto)];
    let format = from.word("log.format", &formats);
    let level = from.value("log.level");
    Some(Log { format: format?, level: level? })
}
