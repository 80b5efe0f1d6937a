//! Turns a configuration into applications that can be started.
//!
//! ```text
//!  topology file, templates ──▶ TopologyFile ──assemble──▶ Topology ─▶ Assembly ─┐
//!                                                    metrics, status ──┘         │
//!  Config ─┬▶ Secrets ──▶ broker, sinks ─────────────────────────▶ Resources ────┼─application─▶ runtime::Application
//!          └▶ stores, settings ──────────────────────────────────────────────────┘
//! ```
//!
//! [`Resources`] are shared by all applications of a process: the client of the cluster and the sinks. An [`Assembly`], stores and
//! settings belong to one application. So several topologies in one process are several assemblies with the same resources.
//!
//! | file | what it is |
//! |---|---|
//! | `topology`, `template` | the topology of a file, with the templates of its deliveries |
//! | `render` | a template for one bundle, as a delivery would render it |
//! | `secret` | the secrets of the configuration's references |
//! | `broker` | the client of the cluster |
//! | `preflight` | what can be told of settings before anything is connected to |
//! | `store` | the state stores |
//! | `aws` | secrets and templates from AWS |
//! | `feature` | the error of a build without one of these three |
//! | `sink` | the sinks by target, and the processors of deliveries to them, one file per kind |
//! | `metric` | the metrics |
//! | `setting` | the settings of the runtime |
//! | `health` | health and metrics for the HTTP server |
//! | `application` | the application with all of them |
//! | `reload` | takes changed templates and secrets into a running instance |
//! | `error` | the errors |
//!
//! ```no_run
//! use sheaf::app::{self, Assembly, Resources, TopologyFile};
//! use sheaf::config::{Config, Sources};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let flags = ["application_id=clicks", "kafka.bootstrap_servers=127.0.0.1:9092"].map(str::to_owned);
//! let config = Config::load(&Sources { files: &[], environment: &[], flags: &flags, host_name: "a" })?;
//! let calls = tokio::runtime::Runtime::new()?;
//!
//! let assembly = Assembly::new(&config, &TopologyFile::of(&config)?)?;
//! let resources = Resources::new(&config, calls.handle(), &assembly.metrics)?;
//! let stores = app::stores(&config)?;
//! let instance = assembly.application(&config, &resources, stores, String::new()).start()?;
//! instance.stop()?;
//! # Ok(())
//! # }
//! ```

mod application;
#[cfg(feature = "aws")]
mod aws;
mod broker;
mod error;
mod feature;
mod health;
mod metric;
mod preflight;
mod reload;
mod render;
mod secret;
mod setting;
mod sink;
mod store;
mod template;
mod topology;

pub use application::{Assembly, Resources};
#[cfg(feature = "kafka")]
pub use broker::broker_settings;
pub use broker::{broker, broker_at};
pub use error::Error;
pub use feature::NotBuilt;
pub use health::InstanceStatus;
pub use metric::metrics;
pub use preflight::preflight;
pub use reload::{Reloader, Templates, secrets_of_the_start};
pub use render::{RenderError, render};
pub use secret::Secrets;
pub use setting::settings;
pub use sink::{Calls, sinks};
pub use store::stores;
pub use template::{TemplateError, TemplateReader};
pub use topology::TopologyFile;

#[cfg(test)]
mod tests;
