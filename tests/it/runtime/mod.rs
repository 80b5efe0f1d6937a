//! The runtime over the memory broker.
//!
//! | file | what it is about |
//! |---|---|
//! | `support` | a topology that counts, a world, and eyes for what came of it |
//! | `basic` | records, timers, hand-overs, lost answers |

mod basic;
mod support;
