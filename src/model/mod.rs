//! The words that every floor above speaks: ids, time, record, event, alert, error class.
//!
//! Nothing here does anything. A type lives here when two floors need it and neither may name the other.

mod act;
mod alert;
mod error;
mod id;
mod record;
mod status;
mod time;

pub use act::{Act, ActSlot, Completion, Outcome, Sink, Target, Verdict};
pub use alert::{Alert, Severity};
pub use error::{ErrorClass, Reject, RejectReason};
pub use id::{InstanceId, Key, TaskId, Topic, TopicPartition};
pub use record::{Header, Headers, OutRecord, Record};
pub use status::{Listing, Status, Statuses};
pub use time::{Clock, Moment, Timer, TimerKind, Timestamp};
