//! What holds on a real Kafka: the adapter's conformance, its traps, and what it costs.
//!
//! | file | what |
//! |---|---|
//! | `cluster` | a Kafka of its own for each test process, which never outlives it |
//! | `scene` | topics, producers and members of one check |
//! | `conformance` | the suite that memory has to answer too |
//! | `transaction`, `offset`, `group`, `reading`, `admin` | the checks, one function each |
//! | `outage` | brokers that are not there, or not for a while |
//! | `e2e` | the main job from end to end, as processes |
//! | `verifier` | what has to come of the input, and whether it came: from the topics alone
//! | `load` | events without end, some of them doubled, some held back
//! | `faults` | a cluster of three brokers whose brokers and instances die, stop and move
//! | `soak` | what `scripts/soak` runs: the same for hours
//! | `assignor` | printed, when asked for: how evenly partitions are spread |
//! | `measure` | printed, not asserted: the cost of a commit, of idling |
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a check fails by panicking, and says why"
)]

mod admin;
mod assignor;
pub(crate) mod cluster;
mod conformance;
mod e2e;
mod faults;
mod group;
mod load;
mod measure;
mod offset;
mod outage;
mod reading;
pub(crate) mod scene;
mod soak;
mod transaction;
mod verifier;
