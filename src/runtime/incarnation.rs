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

    /// False if a process of this host has certainly ended: nothing has its id, or this process has it, as after a restart of a
    /// container. Processes of other hosts cannot be seen.
    pub(super) fn may_live(&self, host: &str, process: u32) -> bool {
        if host != self.host {
            return true;
        }
        // A process that has ended and is not waited for yet is in the state Z; the name before it may have blanks.
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
        process != self.process && stat.is_ok_and(|stat| !stat.contains(") Z "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_of_this_host_that_have_ended_are_known() {
        let own = Incarnation::of_this_process();
        let parent = std::os::unix::process::parent_id();
        assert!(own.may_live(&own.host, parent));
        assert!(!own.may_live(&own.host, own.process), "its predecessor in a container had the same id");
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let id = child.id();
        child.wait().unwrap();
        assert!(!own.may_live(&own.host, id));
        assert!(own.may_live("another-host", id));
    }
}
