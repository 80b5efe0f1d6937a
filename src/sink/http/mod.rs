//! What the sinks that make HTTP requests share.

mod before;
mod chain;
pub(super) mod permit;
pub(super) mod retry_after;

pub(super) use before::before;
pub(super) use chain::chain;
