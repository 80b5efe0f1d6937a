//! The port through which the API asks the applications of the process.

use std::sync::{Arc, OnceLock};

use super::answer::{Application, Instance, Setting, Task, Topology};
use crate::admin::Status;
use crate::broker;
use crate::model::Key;
use crate::processor::flow::Definitions;
use crate::processor::{Command, CommandSpec};
use crate::runtime::{Audit, AuditFilter, AuditPage, CommandError, Queries};

/// The applications of the process, as the API shows them. Calls may wait for a fraction of a second; they are made on threads that
/// may block. A method that takes the id of an application returns nothing for an unknown one.
pub trait Port: Status {
    /// The applications, by id.
    fn applications(&self) -> Vec<Application>;

    /// The topology of an application.
    fn topology(&self, application: &str) -> Option<Topology>;

    /// The living instances of an application.
    fn instances(&self, application: &str) -> Vec<Instance>;

    /// The tasks of an application.
    fn tasks(&self, application: &str) -> Vec<Task>;

    /// The queries of an application; empty until its topics are known.
    fn queries(&self, application: &str) -> Option<Arc<OnceLock<Queries>>>;

    /// The commands of a processor of an application; none for an unknown one.
    fn commands(&self, application: &str, processor: &str) -> &'static [CommandSpec];

    /// The definitions of an application's flows; empty without flows.
    fn definitions(&self, application: &str) -> Option<Definitions>;

    /// Sends a command to an entry of a processor, and waits for its audit, some seconds at most.
    fn execute(&self, application: &str, processor: &str, command: (&Key, &Command)) -> Result<Audit, CommandError>;

    /// The commands of an application that a filter selects, the latest first: of those before an offset, and so many at most. `None`
    /// until its topics are known.
    fn audit(
        &self,
        application: &str,
        filter: &AuditFilter,
        page: (Option<i64>, usize),
    ) -> broker::Result<Option<AuditPage>>;

    /// The configuration, without secrets, in the order of the reference page.
    fn settings(&self) -> Vec<Setting>;
}
