//! Reads the configuration, the topology and the template, from files, environment variables and flags.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Failure;
use crate::aws::{self, S3};
use crate::blob::{self, Fetched, Source as _};
use crate::config::{Config, Sources};
use crate::template::Template;
use crate::topology::Spec;
use crate::topology::spec::{Delivery, DeliveryKind};

/// The options of every command that reads a configuration.
#[derive(Clone, Debug, Args)]
pub(super) struct ConfigArgs {
    /// Configuration file (YAML); may be given more than once: a later file overrides an earlier one
    #[arg(short = 'c', long = "config", value_name = "FILE", env = "SHEAF_CONFIG", default_value = "sheaf.yaml")]
    files: Vec<PathBuf>,
    /// Override one setting, such as `kafka.bootstrap_servers=broker:9092`; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// A configuration with its topology and template.
#[derive(Debug)]
pub(super) struct Loaded {
    pub config: Config,
    pub spec: Spec,
    /// The templates of the deliveries, by their paths in the topology file.
    pub templates: BTreeMap<PathBuf, Template>,
}

/// Reads the configuration.
fn config(args: &ConfigArgs) -> Result<Config, Failure> {
    let remedy = "name the file with -c FILE, or with SHEAF_CONFIG";
    let files = args.files.iter().map(|path| Ok((path.display().to_string(), read(path, remedy)?)));
    let files: Vec<(String, String)> = files.collect::<Result<_, Failure>>()?;
    let host_name = host_name();
    let environment = environment();
    let sources = Sources { files: &files, environment: &environment, flags: &args.set, host_name: &host_name };
    Ok(Config::load(&sources)?)
}

/// Reads the configuration, its topology and its template.
pub(super) fn everything(args: &ConfigArgs) -> Result<Loaded, Failure> {
    let config = config(args)?;
    let [path] = config.topologies.as_slice() else {
        let message = format!(
            "error: topologies: {} files are named; an application runs one topology: give each its own \
             application_id",
            config.topologies.len()
        );
        return Err(Failure::Configuration(message));
    };
    let spec = spec(path)?;
    let read = |delivery: &Delivery| {
        let kind = &delivery.kind;
        Ok((kind.template().to_owned(), template(kind, path)?))
    };
    let templates = spec.deliveries().map(read).collect::<Result<_, Failure>>()?;
    Ok(Loaded { config, spec, templates })
}

/// Reads a topology file.
fn spec(path: &Path) -> Result<Spec, Failure> {
    Ok(Spec::parse(&path.display().to_string(), &read(path, "set topologies to the path of the file")?)?)
}

/// Reads and compiles the template of a delivery: `s3://BUCKET/KEY`, or a path.
fn template(kind: &DeliveryKind, topology: &Path) -> Result<Template, Failure> {
    let path = kind.template();
    let named = path.display().to_string();
    let wrong = |error: &dyn std::fmt::Display| {
        let (topology, key) = (topology.display(), kind.key());
        Failure::Configuration(format!("error: {topology}: deliver.{key}.template: {error}"))
    };
    let fetched = match named.strip_prefix("s3://").and_then(|rest| rest.split_once('/')) {
        None => {
            // The operator may name any path, so the template's own directory is the source.
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            blob::Files::new(directory).fetch(&name, None)
        }
        Some((bucket, key)) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
            S3::new(&aws::load(runtime.handle()), bucket, runtime.handle().clone()).fetch(key, None)
        }
    };
    let blob = match fetched.map_err(|error| wrong(&error))? {
        Fetched::Current(blob) => blob,
        Fetched::Unchanged => return Err(wrong(&"the template was not read")),
    };
    let text = std::str::from_utf8(&blob.bytes).map_err(|error| wrong(&error))?;
    Template::compile(&named, text).map_err(|error| wrong(&error))
}

fn read(path: &Path, remedy: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::Configuration(format!("error: {} cannot be read: {error} ({remedy})", path.display()))
    })
}

/// The host's name, the default of `instance_id`.
fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[expect(clippy::disallowed_methods, reason = "the command line reads the environment for the modules below it")]
fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with("SHEAF_"))
        .collect()
}

/// The filter of `SHEAF_LOG`, which overrides the configured level.
#[expect(clippy::disallowed_methods, reason = "the command line reads the environment for the modules below it")]
pub(super) fn log_filter() -> Option<String> {
    std::env::var("SHEAF_LOG").ok()
}

/// The value of `SHEAF_FAULT_POINT`.
#[expect(clippy::disallowed_methods, reason = "the command line reads the environment for the modules below it")]
pub(super) fn fault_point() -> Option<String> {
    std::env::var("SHEAF_FAULT_POINT").ok()
}
