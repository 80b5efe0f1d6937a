//! Tests of a processor of one's own.
//!
//! | module | what it is for |
//! |---|---|
//! | `driver` | [`TestDriver`]: a topology on the real runtime, step by step, with crashes |

mod driver;

pub use driver::{DeadLetter, DriverError, PendingAct, Raised, Stored, TestDriver};
