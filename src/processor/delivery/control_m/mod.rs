//! Control-M's part of a delivery: each submission becomes one folder, by the folder's name of which a lost submit is looked up.
//!
//! | file | what it is |
//! |---|---|
//! | `definition` | renders the job definition of a submission |
//! | `folder` | the folder's name |
//! | `protocol` | the messages between the delivery processor and the sink |
//! | `count` | what is counted of renderings |

pub(super) mod count;
pub(super) mod definition;
pub(super) mod folder;
mod protocol;

pub use definition::SLA;
pub use folder::FOLDER_CHARS_MAX;
pub use protocol::{Answer, Request};

/// The name of the sink that calls Control-M, in a configuration that has one.
pub const CONTROL_M: &str = "control_m";
