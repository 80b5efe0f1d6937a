//! The main job from end to end: `sheaf run` as processes, on a real Kafka, with a simulated Control-M.
//!
//! | file | what |
//! |---|---|
//! | `process` | a process of the real binary: signals, exit code, log, HTTP |
//! | `stage` | topics, configuration, simulator and readers of one test |
//! | `bundle` | bundles as they are written, and the check of what came of them |
//! | `crash` | two instances, one of which is killed; a sender that is stopped and wakes up |
//! | `java` | another client's eyes: Java's producer, Java's partitioner |
//! | `state` | state directories and changelogs that get lost |
//! | `damage` | input, changelogs and stores that are damaged, cut off or awkward |
//! | `point` | a process that kills itself between any two duties |
//! | `guarantee` | `at_least_once`: nothing lost, without transactions |
//! | `poison` | input that is not accepted |
//! | `outage` | Kafka is not there, or not for a while |
//! | `restore` | a restore that takes long, and what goes on meanwhile |
//! | `standby` | an instance that dies, and one that has its state already |
//! | `ending` | signals, exit codes, two processes with one name |
//! | `upgrade` | what an older sheaf has left behind |
//! | `own` | a processor of one's own, by the public API |
//! | `group` | partitions that are added, the cooperative protocol, offsets that are gone |

pub(crate) mod bundle;
mod crash;
mod damage;
mod ending;
mod group;
mod guarantee;
pub(crate) mod java;
mod outage;
mod own;
mod point;
mod poison;
pub(crate) mod process;
mod restore;
pub(crate) mod stage;
mod standby;
mod state;
mod upgrade;
