//! The runtime over the memory broker.
//!
//! | file | what it is about |
//! |---|---|
//! | `support` | a topology that counts, a world, and eyes for what came of it |
//! | `basic` | records, timers, hand-overs, lost answers |
//! | `behind` | when stores have what is committed |
//! | `direct` | records that skip their inbox |
//! | `eager` | rebalances that take everything away |
//! | `effect` | timers and acts that are taken back |
//! | `refusal` | offsets, changelogs and names that are not ours |
//! | `target` | topics of others, targets of acts, what others can read |
//! | `standby` | stores that follow the changelogs of others' tasks |
//! | `unreadable` | entries that cannot be read |

mod basic;
mod cached;
mod direct;
mod eager;
mod effect;
mod refusal;
mod standby;
mod support;
mod target;
mod unreadable;
mod write_behind;
