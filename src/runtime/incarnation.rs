//! The incarnation: one start of an instance.

use uuid::Uuid;

/// One start of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incarnation {
    /// Unique for each start.
    pub id: Uuid,
    /// The host name.
    pub host: String,
    /// The process id.
    pub process: u32,
}

impl Incarnation {
    /// The start of this process on this machine.
    #[expect(
        clippy::disallowed_methods,
        reason = "the id of an incarnation is random, and no decision depends on its value"
    )]
    pub fn of_this_process() -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { id: Uuid::new_v4(), host, process: std::process::id() }
    }
}
