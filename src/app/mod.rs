//! Turns a configuration into applications that can be started.
//!
//! ```text
//!  topology file, templates ──▶ TopologyFile ──assemble──▶ Topology ─▶ Assembly ─┐
//!                                                    metrics, status ──┘         │
//!  Config ─┬▶ Secrets ──▶ broker, sinks ─────────────────────────▶ Resources ────┼─application─▶ runtime::Application
//!          └▶ stores, settings ──────────────────────────────────────────────────┘
//! ```
//!
//! [`Resources`] are shared by all applications of a process: the client of the cluster, the sinks, and the memory for decoded
//! entries. An [`Assembly`], stores and settings belong to one application, with a configuration in which `application_id` is its own:
//! an [`ApplicationSpec`]. Several topologies in one process are several of them with the same resources.
//!
//! | file | what it is |
//! |---|---|
//! | `application_spec` | the applications of a configuration: each topology file is one |
//! | `shared_folder` | applications whose folders at Control-M can have the same name |
//! | `shared_topic` | refuses applications that use each other's topics |
//! | `topology`, `template` | the topology of a file, with the templates of its deliveries |
//! | `render` | a template for one bundle, as a delivery would render it |
//! | `secret` | the secrets of the configuration's references |
//! | `broker` | the client of the cluster |
//! | `preflight` | what can be told of settings before anything is connected to |
//! | `store` | the state stores |
//! | `aws` | secrets and templates from AWS |
//! | `feature` | the error of a build without one of these three |
//! | `sink` | the sinks by target, and the processors of deliveries to them, one file per kind |
//! | `notification` | messages to people about alerts |
//! | `metric` | the metrics |
//! | `setting` | the settings of the runtime |
//! | `health` | the health of an instance |
//! | `http` | the settings of the HTTP server |
//! | `process_status` | health and metrics of all applications for the HTTP server |
//! | `process` | the applications for the HTTP API |
//! | `application` | the application with all of them |
//! | `reload`, `template_watch` | takes changed templates and secrets into a running instance |
//! | `error` | the errors |
//!
//! ```no_run
//! use sheaf::app::{self, ApplicationSpec, Assembly, Resources};
//! use sheaf::config::{Config, Sources};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let flags = ["application_id=clicks", "kafka.bootstrap_servers=127.0.0.1:9092"].map(str::to_owned);
//! let config = Config::load(&Sources { files: &[], environment: &[], flags: &flags, host_name: "a" })?;
//! let calls = tokio::runtime::Runtime::new()?;
//!
//! let specs = ApplicationSpec::all(&config)?;
//! let assemblies = Assembly::all(&specs)?;
//! let resources = Resources::new(&config, calls.handle(), &Assembly::process_metrics(&config, &assemblies)?)?;
//! let stores = app::all_stores(&config, &specs)?;
//! for ((spec, assembly), stores) in specs.iter().zip(assemblies).zip(stores) {
//!     let instance = assembly.application(&spec.config, &resources, stores, String::new()).start()?;
//!     instance.stop()?;
//! }
//! # Ok(())
//! # }
//! ```

mod application;
mod application_spec;
#[cfg(feature = "aws")]
mod aws;
mod broker;
mod command;
mod error;
mod feature;
mod health;
mod http;
mod http_reload;
mod metric;
mod notification;
mod otlp;
mod preflight;
mod process;
mod process_status;
mod reload;
mod render;
mod secret;
mod setting;
mod shared_folder;
mod shared_topic;
mod sink;
mod store;
mod template;
mod template_watch;
mod topology;

pub use application::{Assembly, Resources};
pub use application_spec::ApplicationSpec;
#[cfg(feature = "kafka")]
pub use broker::broker_settings;
pub use broker::{broker, broker_at};
pub use error::Error;
pub use feature::NotBuilt;
pub use health::InstanceStatus;
pub use http::http;
pub use metric::{build, metrics};
pub use notification::{NOTIFICATION, TestMessage, check_routes, test_message};
pub use preflight::{preflight, references};
pub use process::Process;
pub use process_status::ProcessStatus;
pub use reload::{Reloader, secrets_of_the_start};
pub use render::{RenderError, render};
pub use secret::Secrets;
pub use setting::settings;
pub use shared_folder::warnings as shared_folders;
pub use sink::{Calls, sinks};
pub use store::{all_stores, stores};
pub use template::{TemplateError, TemplateReader};
pub use template_watch::Templates;
pub use topology::TopologyFile;

#[cfg(test)]
mod tests;
