//! `log`: what is logged, and how.

use super::field::{Default, Field, Kind};
use super::reader::Reader;

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The lines' form.
    pub format: LogFormat,
    /// The least level, or a filter as of `tracing-subscriber`'s `EnvFilter`.
    pub level: String,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object per line.
    Json,
    /// Text on a terminal, JSON elsewhere.
    Auto,
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        path: "log.format",
        kind: Kind::Word(&["text", "json", "auto"]),
        default: Default::Value("auto"),
        doc: "The form of log lines: for people, for machines, or by whether standard error is a terminal.",
    },
    Field {
        path: "log.level",
        kind: Kind::Text,
        default: Default::Value("info"),
        doc: "The least level that is logged (`error`, `warn`, `info`, `debug`, `trace`), or a filter such as \
              `info,sheaf::runtime=debug`. The variable `SHEAF_LOG` goes before it.",
    },
];

pub(super) fn read(from: &Reader<'_>) -> Option<Log> {
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json), ("auto", LogFormat::Auto)];
    let format = from.word("log.format", &formats);
    let level = from.value("log.level");
    Some(Log { format: format?, level: level? })
}
