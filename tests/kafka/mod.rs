//! Tests on a real Kafka: the adapter, end-to-end tests, faults, measurements.
//!
//! | file | what |
//! |---|---|
//! | `cluster` | a Kafka for each test process, which stops with it |
//! | `fixture` | topics, producers and members of one check |
//! | `conformance` | the conformance suite, which memory passes too |
//! | `transaction`, `offset`, `group`, `reading`, `admin` | the checks, one function each |
//! | `outage` | unreachable brokers |
//! | `e2e` | end-to-end tests with processes of the binary |
//! | `verifier` | the expected outputs, computed from the topics alone, compared with the outputs |
//! | `load` | a constant load of events, some duplicated, some withheld |
//! | `faults` | three brokers; brokers and instances are killed, stopped and moved |
//! | `cases` | what people report of this kind of work: `scripts/cases` |
//! | `soak` | the test of `scripts/soak`: the same for hours |
//! | `assignor` | printed, ignored by default: how evenly partitions are spread |
//! | `inherited` | ignored by default: 50,000 pending acts after a restart |
//! | `measure` | printed, not asserted: the cost of a commit, of idling |
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a check fails by panicking, and says why"
)]

mod admin;
mod assignor;
mod cases;
pub(crate) mod cluster;
mod conformance;
mod e2e;
mod faults;
pub(crate) mod fixture;
mod group;
mod inherited;
mod load;
mod measure;
mod offset;
mod outage;
mod reading;
mod soak;
mod transaction;
mod verifier;
