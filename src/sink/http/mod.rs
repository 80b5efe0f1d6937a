//! What the sinks that make HTTP requests share.

mod before;
mod chain;
mod clear_text;
pub(super) mod permit;
pub(super) mod retry_after;
mod trace;

pub(super) use before::before;
pub(super) use chain::chain;
pub use clear_text::is_clear_text_to_elsewhere;
pub(super) use trace::{traced, within};
