//! From files, the environment and flags to checked values, with every problem shown at once.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Failure;
use crate::aws::{self, S3};
use crate::blob::{self, Fetched, Source as _};
use crate::config::{Config, Sources};
use crate::template::Template;
use crate::topology::Spec;

/// Where the configuration comes from; the same for each command that needs one.
#[derive(Clone, Debug, Args)]
pub(super) struct ConfigArgs {
    /// Configuration file (YAML); may be given more than once, a later file wins
    #[arg(short = 'c', long = "config", value_name = "FILE", env = "SHEAF_CONFIG", default_value = "sheaf.yaml")]
    files: Vec<PathBuf>,
    /// Override one setting, such as `kafka.bootstrap_servers=broker:9092`; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// Everything that the files say.
#[derive(Debug)]
pub(super) struct Loaded {
    pub config: Config,
    pub spec: Spec,
    /// The job template, when the topology delivers.
    pub template: Option<Template>,
}

/// Reads the configuration alone.
pub(super) fn config(args: &ConfigArgs) -> Result<Config, Failure> {
    let files = args.files.iter().map(|path| Ok((path.display().to_string(), read(path)?)));
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
    let template = match &spec.deliver {
        Some(deliver) => Some(template(&deliver.template, path)?),
        None => None,
    };
    Ok(Loaded { config, spec, template })
}

/// Reads a topology file.
pub(super) fn spec(path: &Path) -> Result<Spec, Failure> {
    Ok(Spec::parse(&path.display().to_string(), &read(path)?)?)
}

/// Reads and compiles a template: `s3://BUCKET/KEY`, or a path.
fn template(path: &Path, topology: &Path) -> Result<Template, Failure> {
    let named = path.display().to_string();
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::Configuration(format!("error: {}: deliver.control_m.template: {error}", topology.display()))
    };
    let fetched = match named.strip_prefix("s3://").and_then(|rest| rest.split_once('/')) {
        None => {
            // Any path that the operator names, unlike the names inside of a source, which never leave it.
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

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        let remedy = "name the file with -c FILE, or with SHEAF_CONFIG";
        Failure::Configuration(format!("error: {} cannot be read: {error} ({remedy})", path.display()))
    })
}

/// The machine's name, the default of `instance_id`.
pub(super) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[expect(clippy::disallowed_methods, reason = "the command line hands the environment in")]
fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with("SHEAF_"))
        .collect()
}

/// The filter of `SHEAF_LOG`, which goes before the configured level.
#[expect(clippy::disallowed_methods, reason = "the command line hands the environment in")]
pub(super) fn log_filter() -> Option<String> {
    std::env::var("SHEAF_LOG").ok()
}

/// Where the process is to kill itself, by `SHEAF_FAULT_POINT`.
#[expect(clippy::disallowed_methods, reason = "the command line hands the environment in")]
pub(super) fn fault_point() -> Option<String> {
    std::env::var("SHEAF_FAULT_POINT").ok()
}
