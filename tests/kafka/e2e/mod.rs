//! End-to-end tests: `sheaf run` as processes, on a real Kafka, with a simulated Control-M.
//!
//! | file | what |
//! |---|---|
//! | `process` | a process of the real binary: signals, exit code, log, HTTP |
//! | `deployment` | topics, configuration, simulator and readers of one test |
//! | `configuration` | the files of a deployment |
//! | `bulk` | commands to many entries |
//! | `bundle` | bundles, and the check of their outputs |
//! | `clock` | wall clocks that are wrong |
//! | `console` | the console in Chromium |
//! | `console_drill` | the operator's drill from the console |
//! | `crash` | two instances, one of which is killed; a sender that is paused and resumed |
//! | `deadline` | an outage, a source that stands still and a rebalance that are longer than the deadlines of open bundles |
//! | `drill` | the operator's drill: the runbook's lines, run as they stand |
//! | `events` | `sheaf events tail` beside an instance |
//! | `notification` | alerts to people, across kills |
//! | `java` | Java's producer, Java's partitioner |
//! | `state` | lost state directories and changelogs |
//! | `damage` | damaged and truncated input, changelogs and stores |
//! | `fault_point` | a process that is killed at each fault point |
//! | `guarantee` | `at_least_once`: no loss, without transactions |
//! | `poison` | rejected input |
//! | `outage` | unreachable brokers |
//! | `operator` | the operator's drill with a real Prometheus: a rule fires, its runbook is run as it stands, it clears |
//! | `panel` | a real Prometheus: each panel of the dashboards has an answer |
//! | `query` | lists of several instances, while partitions move |
//! | `redrive` | dead letters that are sent again, while instances are killed |
//! | `replay` | replays, and offsets that were reset with Kafka's tool |
//! | `retail` | the example of an order and its payment, with its services |
//! | `restore` | a long restore, and processing meanwhile |
//! | `several` | two topologies in one process |
//! | `standby` | a killed instance, and a successor with standbys |
//! | `trouble` | what an operator is called for in the drills |
//! | `stop` | signals, exit codes, two processes with one instance id |
//! | `upgrade` | the state of an older version |
//! | `neighbour` | other settings of brokers and topics |
//! | `trace` | the trace of an event, and the spans of sheaf in it |
//! | `rights` | a cluster with TLS, SCRAM and an authorizer |
//! | `custom` | a custom processor, by the public API |
//! | `group` | added partitions, the cooperative protocol, lost offsets |

mod bulk;
pub(crate) mod bundle;
mod clock;
pub(crate) mod configuration;
mod console;
mod console_drill;
mod crash;
mod custom;
mod damage;
mod deadline;
pub(crate) mod deployment;
mod drill;
mod events;
mod fault_point;
mod flow;
mod group;
mod guarantee;
pub(crate) mod java;
mod neighbour;
mod notification;
mod operator;
mod outage;
mod panel;
mod poison;
pub(crate) mod process;
mod query;
mod redrive;
mod replay;
mod restore;
mod retail;
mod rights;
mod schedule;
mod script;
mod several;
mod standby;
mod state;
mod stop;
mod token;
mod trace;
mod trouble;
mod upgrade;
