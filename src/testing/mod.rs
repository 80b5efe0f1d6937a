//! Tests of a processor of one's own.
//!
//! | module | what it is for |
//! |---|---|
//! | [`golden`] | the steps of a processor as text, for people who know the domain |
//! | `driver` | [`TestDriver`]: a topology on the real runtime, step by step, with crashes |

mod driver;
pub mod golden;

pub use driver::{DeadLetter, DriverError, PendingAct, Raised, Stored, TestDriver};
