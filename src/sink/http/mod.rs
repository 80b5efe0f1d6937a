//! What the sinks that make HTTP requests share.

mod chain;
pub(super) mod retry_after;

pub(super) use chain::chain;
