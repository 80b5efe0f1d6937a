//! The runtime on the memory broker.
//!
//! | file | subject |
//! |---|---|
//! | `support` | a counting topology, a world, and functions that write and read its topics |
//! | `at_least_once` | what was written before a batch failed |
//! | `audit` | commands, and the audits of them |
//! | `basic` | records, timers, hand-overs, lost answers |
//! | `batch` | the size of transactions while they fail |
//! | `cached` | the cache of entries |
//! | `dead_letter` | dead letters as entries, sent again |
//! | `deadline` | deadlines during and after outages |
//! | `direct` | direct handover, without the inbox |
//! | `eager` | rebalances with the eager protocol |
//! | `effect` | timers and acts that are cancelled in their transaction |
//! | `first_start` | where a first start begins on sources that hold records |
//! | `gauge` | gauges that follow the state |
//! | `query` | queries of entries by other threads |
//! | `refusal` | starts and instances that are refused: lost offsets, foreign changelogs, fencing |
//! | `rejection` | what an entry has lost by rejected steps |
//! | `set_clock` | timers while the wall clock is set |
//! | `standby` | standby tasks |
//! | `target` | public outputs, targets of acts, the registry, the mailbox |
//! | `trace` | the trace of what a step sends |
//! | `unreadable` | entries that cannot be read |
//! | `write_behind` | dirty entries, and when they are written to the stores |

mod at_least_once;
mod audit;
mod basic;
mod batch;
mod cached;
mod dead_letter;
mod deadline;
mod direct;
mod eager;
mod effect;
mod first_start;
mod former_entry;
mod gauge;
mod history;
mod inherited;
mod query;
mod queue;
mod refusal;
mod rejection;
mod set_clock;
mod standby;
mod support;
mod target;
mod trace;
mod unreadable;
mod write_behind;
