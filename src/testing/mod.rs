//! Tests of custom processors.
//!
//! | module | what it is for |
//! |---|---|
//! | [`golden`] | golden text: the steps of a processor as text, readable by experts of its domain |
//! | `driver` | [`TestDriver`]: a topology on the real runtime, step by step, with crashes |

mod driver;
pub mod golden;

pub use driver::{DeadLetter, DriverError, PendingAct, Raised, Stored, TestDriver};
