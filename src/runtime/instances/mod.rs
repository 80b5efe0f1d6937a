//! The instances topic: what instances tell each other, and what has to be known when the group knows nothing any more.
//!
//! | key | value | written |
//! |---|---|---|
//! | `<instance>` | its newest start ([`start`]) | once by each start |
//! | `owned-by/<instance>` | its tasks ([`registry`]) | when they change, and every 10 s |
//! | `source/<topic>-<partition>` | the offset up to which it was read ([`source_offset`]) | every 10 s, when that changes |
//!
//! | file | what it is |
//! |---|---|
//! | `topic` | a record of the topic, and all of them |
//! | `start` | the start of an instance, and whether a newer one has taken over |
//! | `registry` | the live instances and their tasks |
//! | `placement` | which instance follows which task |
//! | `source_offset` | offsets of sources that outlive the group's |

mod placement;
mod registry;
mod source_offset;
mod start;
mod topic;

pub(super) use registry::Registry;
pub(super) use source_offset::{SourceOffset, first_offsets};
pub(super) use start::{announce, refuse_replaced};
