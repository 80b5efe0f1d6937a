//! What the API answers, one file per resource. Their doc comments are the texts of the `OpenAPI` document.

mod application;
mod audit;
mod command;
mod entry;
mod flow;
mod instance;
mod setting;
mod task;
mod time;
mod topology;

pub use application::Application;
pub use audit::{AuditRecord, Verdict};
pub use command::{Argument, ArgumentForm, Audit, Command};
pub use entry::{Entry, EntryCounts, EntryPage, Incomplete};
pub use flow::FlowDefinition;
pub use instance::{Instance, Thread};
pub use setting::Setting;
pub use task::{Task, TaskRole};
pub use time::Time;
pub use topology::{Output, OutputOwner, Processor, Source, Topology};
