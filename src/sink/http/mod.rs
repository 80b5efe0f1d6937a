//! What the sinks that make HTTP requests share.

mod before;
pub(super) mod permit;
pub(super) mod retry_after;
mod trace;

pub(super) use before::before;
pub(super) use trace::{traced, within};
