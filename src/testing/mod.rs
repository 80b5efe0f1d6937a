//! Tests of custom processors, and of topologies that users write.
//!
//! | module | what it is for |
//! |---|---|
//! | [`golden`] | golden text: the steps of a processor as text, readable by experts of its domain |
//! | `driver` | [`TestDriver`]: a topology on the real runtime, step by step, with crashes |
//! | [`shadow`] | what another topology would have done with what is in the topics |
//! | [`scenario`] | scenarios: what users expect of a topology file, as text |

mod driver;
pub mod golden;
pub mod scenario;
pub mod shadow;

pub use driver::{DeadLetter, DriverError, PendingAct, Raised, Stored, TestDriver};
