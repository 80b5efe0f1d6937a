//! The instances topic: the registry of instances, and source offsets that outlive the group's.
//!
//! | key | value | written |
//! |---|---|---|
//! | `<instance>` | its newest start ([`start`]) | once by each start |
//! | `owned-by/<instance>` | its tasks ([`registry`]) | when they change, and every 10 s |
//! | `source/<topic>-<partition>` | its position ([`source_offset`]) | every 10 s, when that changes |
//! | `start/<topic>-<partition>` | where its first start begins ([`first_start`]) | once, before the topic is read |
//! | `generation/<processor>`, `replayed/<topic>-<partition>` | replays ([`generation`](super::generation)) | by `sheaf replay` |
//! | `begun/changelog` | that a changelog has begun, so that partitions without a position were never read | once for each task |
//!
//! | file | content |
//! |---|---|
//! | `topic` | reads and writes the topic |
//! | `start` | announces an incarnation, and finds out about a newer one |
//! | `predecessor` | waits for a living process of the same instance id |
//! | `registry` | the live instances and their tasks |
//! | `placement` | assigns standbys to instances |
//! | `first_start` | where a source begins that was never read |
//! | `peek` | reads the first committed records of partitions |
//! | `source_offset` | source offsets that outlive the group's |
//! | `known` | what was processed before, at a start |

mod first_start;
mod known;
mod peek;
mod placement;
mod predecessor;
mod registry;
mod source_offset;
mod start;
mod topic;

pub(super) use known::KnownAtStart;
pub use predecessor::Predecessor;
pub(super) use registry::Registry;
pub(super) use source_offset::{FirstOffsets, SourceOffset, begun, first_offsets, is_recreated};
pub(super) use start::{announce, refuse_replaced};
