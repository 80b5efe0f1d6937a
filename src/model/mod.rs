//! The shared vocabulary of all floors above: ids, time, record, event, alert, error class.
//!
//! Types without behaviour. A type belongs here if two floors need it and neither may name the other.

mod act;
mod age;
mod alert;
mod error;
mod id;
mod record;
mod replay;
mod span;
mod status;
mod time;
mod trace;

pub use act::{Act, ActSlot, Completion, Execution, Outcome, Sink, Target, Verdict};
pub use age::age;
pub use alert::{Alert, Severity};
pub use error::{ErrorClass, Reject, RejectReason};
pub use id::{InstanceId, Key, TaskId, Topic, TopicPartition};
pub use record::{Header, Headers, OutRecord, Record};
pub use replay::{NoReplay, Replay};
pub use span::{Span, SpanKind, Spans};
pub use status::{Listing, Status, Statuses, is_status};
pub use time::{Clock, Moment, Timer, TimerKind, Timestamp};
pub use trace::{SpanId, TraceContext, TraceId};
