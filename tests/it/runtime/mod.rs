//! The runtime over the memory broker.
//!
//! | file | what it is about |
//! |---|---|
//! | `support` | a topology that counts, a world, and eyes for what came of it |
//! | `basic` | records, timers, hand-overs, lost answers |
//! | `effect` | timers and acts that are taken back |
//! | `unreadable` | entries that cannot be read |

mod basic;
mod effect;
mod support;
mod unreadable;
