//! Typed settings of an instance, from YAML files, environment variables and flags.
//!
//! ```text
//!  defaults ◀── files, in order ◀── SHEAF_A__B ◀── --set a.b=v          (later ones override)
//!  └───────── one tree, each value with its position ────────┘ ──▶ Config, or all problems at once
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `root` | [`Config`]: the fields outside of sections, and the sections |
//! | `kafka`, `commit`, `deadline`, `restore`, `http`, `control_m`, `log` | one section each |
//! | `http_token` | the tokens of the HTTP server's callers |
//! | `sinks`, `webhook`, `smtp` | the targets of messages, by name; their kinds |
//! | `alerts` | which alerts people are told, how, and how often |
//! | `otlp` | where spans are exported to |
//! | `field` | a row of the table of fields |
//! | `layer` | defaults, files, variables and flags, merged into one tree |
//! | `service_link` | variables that Kubernetes sets for Services, which are no settings |
//! | `reader` | reads fields by their paths, validated by their rows |
//! | `difference` | the fields that differ between two states of the sources |
//! | `reference` | a literal text, or a reference to a secret |
//! | `shown` | the settings with values and origins, without secrets |
//! | `schema` | the table as JSON Schema |
//! | `document` | the table as `docs/configuration.md` |
//!
//! A new setting changes one file, that of its section: a member of the struct, a row of `FIELDS` and a line of `read`, all with
//! one path. A missing one does not compile or fails a test.
//!
//! This module reads no files, no environment and no host name: they are arguments. Relative paths are relative to the
//! working directory, as on a command line.

mod alerts;
mod commit;
mod control_m;
mod deadline;
mod difference;
mod document;
mod field;
mod http;
mod http_token;
mod kafka;
mod layer;
mod limits;
mod log;
mod otlp;
mod reader;
mod reference;
mod restore;
mod root;
mod schema;
mod service_link;
mod shown;
mod sinks;
mod smtp;
mod webhook;

pub use alerts::{AlertRoute, Alerts};
pub use commit::Commit;
pub use control_m::ControlM;
pub use deadline::Deadline;
pub use document::reference_page;
pub use field::{Field, Kind};
pub use http::{Http, HttpTls};
pub use http_token::{HttpRole, HttpToken};
pub use kafka::Kafka;
pub use layer::{RESERVED, Sources};
pub use limits::{Breaker, Limits, Rate};
pub use log::{Log, LogFormat};
pub use otlp::Otlp;
pub use reference::Reference;
pub use restore::Restore;
pub use root::{Config, ProcessingGuarantee};
pub use schema::json_schema;
pub use shown::Shown;
pub use sinks::{SinkKind, Sinks};
pub use smtp::{Smtp, SmtpTls};
pub use webhook::{Attempts, Webhook, WebhookFormat};

use std::sync::LazyLock;

use crate::codec::yaml::{Collector, Problems};
use reader::Reader;

/// Every field, in the order of the reference page.
pub static FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| {
    [
        root::FIELDS,
        kafka::FIELDS,
        commit::FIELDS,
        deadline::FIELDS,
        restore::FIELDS,
        http::FIELDS,
        control_m::FIELDS,
        sinks::FIELDS,
        alerts::FIELDS,
        otlp::FIELDS,
        log::FIELDS,
    ]
    .concat()
});

impl Config {
    /// Merges and reads all sources. The error has all of their problems.
    pub fn load(sources: &Sources<'_>) -> Result<Self, Problems> {
        let tree = layer::tree(sources, &FIELDS)?;
        let collector = Collector::default();
        let reader = Reader::new(&FIELDS, &tree, &collector);
        reader.report_unknown();
        let config = root::read(&reader);
        collector.finish(&tree.at, config)
    }
}

#[cfg(test)]
mod tests;
