//! Reads the configuration from files, environment variables and flags, and the topology file that it names.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Failure;
use crate::app::TopologyFile;
use crate::codec::text;
use crate::config::{Config, Sources};

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

/// A configuration with its topology file.
#[derive(Debug)]
pub(super) struct Loaded {
    pub config: Config,
    pub file: TopologyFile,
}

/// Reads the configuration, its topology file and the templates of its deliveries.
pub(super) fn load(args: &ConfigArgs) -> Result<Loaded, Failure> {
    let config = config(args)?;
    let file = TopologyFile::of(&config)?;
    Ok(Loaded { config, file })
}

/// Reads the configuration.
fn config(args: &ConfigArgs) -> Result<Config, Failure> {
    let files: Vec<(String, String)> = args.files.iter().map(|path| read(path)).collect::<Result<_, Failure>>()?;
    let host_name = host_name();
    let environment = environment();
    let sources = Sources { files: &files, environment: &environment, flags: &args.set, host_name: &host_name };
    Ok(Config::load(&sources)?)
}

/// The name and the text of a configuration file.
fn read(path: &Path) -> Result<(String, String), Failure> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| {
        let remedy = "name the file with -c FILE, or with SHEAF_CONFIG";
        Failure::Configuration(format!("error: {name} cannot be read: {error} ({remedy})"))
    })?;
    let text = text::decode(&bytes).map_err(|error| Failure::Configuration(format!("error: {name}: {error}")))?;
    let text = text.to_owned();
    Ok((name, text))
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
