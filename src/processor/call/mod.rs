//! Calls of outside systems, for every processor that makes some.
//!
//! | file | content |
//! |---|---|
//! | `backoff` | the waits between attempts |

mod backoff;

pub use backoff::Backoff;
