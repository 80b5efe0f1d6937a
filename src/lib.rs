//! sheaf gathers related Kafka events into bundles and hands each completed bundle on exactly once.
//!
//! The floors, from the ground up (a lower floor never names a higher one; `tests/tidy.rs` proves it):
//!
//! | floor | modules | what it is |
//! |---|---|---|
//! | 8 | `cli` | wires everything |
//! | 7 | `admin`, `sim` | look at a runtime over HTTP; drive one with a seed |
//! | 6 | `runtime`, `sink`, `aws` | move records; reach outside; fill the ports from AWS |
//! | 5 | [`broker`], [`store`], `secret`, `blob` | ports, each with its adapters beside it |
//! | 4 | `config`, `metric` | typed settings; every metric's name |
//! | 3 | [`topology`] | which processor reads what and writes where |
//! | 2 | [`processor`] | step functions |
//! | 1 | [`codec`], `template` | bytes and values; templates and text |
//! | 0 | [`model`] | ids, time, record, event, alert, error class |

pub mod admin;
pub mod aws;
pub mod blob;
pub mod broker;
pub mod cli;
pub mod codec;
pub mod config;
pub mod metric;
pub mod model;
pub mod processor;
pub mod runtime;
pub mod secret;
pub mod sim;
pub mod sink;
pub mod store;
pub mod template;
pub mod topology;
