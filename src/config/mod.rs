//! Typed settings of an instance, from YAML files, environment variables and flags.
//!
//! ```text
//!  defaults ◀── files, in order ◀── SHEAF_A__B ◀── --set a.b=v          (further right overrides)
//!  └───────── one tree, each value with its position ────────┘ ──▶ Config, or all problems at once
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `root` | [`Config`]: the fields that are in no section, and the sections |
//! | `kafka`, `commit`, `restore`, `http`, `control_m`, `log` | one section each |
//! | `field` | a row of the table of fields |
//! | `layer` | defaults, files, variables and flags, merged into one tree |
//! | `reader` | reads fields by their paths, each as its row says |
//! | `reference` | a literal text, or a reference to a secret |
//! | `document` | the table as `docs/configuration.md` |
//!
//! A setting stands in one file, that of its section: a member of the struct, a row of `FIELDS` and a line of `read`, all under
//! one path. What is forgotten does not compile or fails a test.
//!
//! Nothing here reads a file, the environment or the host's name: they are handed in. Relative paths are relative to the
//! working directory, as on a command line.

mod commit;
mod control_m;
mod document;
mod field;
mod http;
mod kafka;
mod layer;
mod log;
mod reader;
mod reference;
mod restore;
mod root;

pub use commit::Commit;
pub use control_m::ControlM;
pub use document::reference_page;
pub use field::{Field, Kind};
pub use http::Http;
pub use kafka::Kafka;
pub use layer::{RESERVED, Sources};
pub use log::{Log, LogFormat};
pub use reference::Reference;
pub use restore::Restore;
pub use root::{Config, ProcessingGuarantee};

use std::sync::LazyLock;

use crate::codec::yaml::{Collector, Problems};
use reader::Reader;

/// Every field, in the order of the reference page.
pub static FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| {
    [root::FIELDS, kafka::FIELDS, commit::FIELDS, restore::FIELDS, http::FIELDS, control_m::FIELDS, log::FIELDS]
        .concat()
});

impl Config {
    /// Reads all sources. The error has the problems of all of them.
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
