//! An operator's drill on a real Kafka and a real Prometheus: something breaks, the right rule fires, the commands of its section in
//! docs/runbooks.md are run as they stand there, and it clears. No other critical rule fires meanwhile.
//!
//! | file | what |
//! |---|---|
//! | `prometheus` | a Prometheus that scrapes instances, with the rules of `ops/prometheus`, hastened |
//! | `runbook` | the commands of a section |
//! | `site` | two instances with a supervisor, Prometheus, and the operator's shell |
//! | `disk` | a small file system |
//! | `delivery` | drills: a sink that is down, poison |
//! | `host` | drills: an instance that is killed, a disk almost full, a wrong clock |
//! | `source` | drills: a source that stands still |

mod delivery;
pub(super) mod disk;
mod host;
pub(super) mod prometheus;
pub(super) mod runbook;
mod site;
mod source;

/// The seconds that a minute of the rules has.
const MINUTE: u32 = 2;
