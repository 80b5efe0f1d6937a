//! Reads the configuration from files, environment variables and flags, and the topology files that it names.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Failure;
use crate::app::ApplicationSpec;
use crate::codec::text;
use crate::config::{Config, Shown, Sources};

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

impl ConfigArgs {
    /// One file, with overrides.
    pub(super) fn of(file: PathBuf, set: Vec<String>) -> Self {
        Self { files: vec![file], set }
    }
}

/// The options of a command about one application or all of them.
#[derive(Clone, Debug, Args)]
pub(super) struct TopologyArgs {
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The topology, by its name, if the configuration has several
    #[arg(long, value_name = "NAME")]
    topology: Option<String>,
}

/// A configuration with its applications.
#[derive(Debug)]
pub(super) struct Loaded {
    pub config: Config,
    /// The settings, without secrets.
    pub shown: Vec<Shown>,
    pub specs: Vec<ApplicationSpec>,
}

/// Reads the configuration, its topology files and the templates of their deliveries.
pub(super) fn load(args: &ConfigArgs) -> Result<Loaded, Failure> {
    let inputs = Inputs::read(args)?;
    let config = inputs.config()?;
    let shown = Config::shown(&inputs.sources())?;
    let specs = ApplicationSpec::all(&config)?;
    Ok(Loaded { config, shown, specs })
}

/// The applications that a command is about: the one of the named topology, or all.
pub(super) fn selected(args: &TopologyArgs) -> Result<Vec<ApplicationSpec>, Failure> {
    let Loaded { mut specs, .. } = load(&args.config)?;
    let names = names(&specs);
    if let Some(name) = &args.topology {
        specs.retain(|spec| spec.topology() == name);
        if specs.is_empty() {
            return Err(usage(&format!("no topology is named `{name}`; the names are {names}")));
        }
    }
    Ok(specs)
}

/// The application that a command is about: the only one, or that of the named topology.
pub(super) fn only(args: &TopologyArgs) -> Result<ApplicationSpec, Failure> {
    let specs = selected(args)?;
    let names = names(&specs);
    let mut specs = specs.into_iter();
    match (specs.next(), specs.next()) {
        (Some(only), None) => Ok(only),
        (None | Some(_), _) => Err(usage(&format!(
            "the configuration has several topologies, and this command is about one: add --topology NAME, one of {names}"
        ))),
    }
}

fn names(specs: &[ApplicationSpec]) -> String {
    specs.iter().map(ApplicationSpec::topology).collect::<Vec<_>>().join(", ")
}

fn usage(message: &str) -> Failure {
    Failure::Usage(format!("error: {message}"))
}

/// The inputs of a configuration.
#[derive(Debug)]
pub(super) struct Inputs {
    files: Vec<(String, String)>,
    environment: Vec<(String, String)>,
    flags: Vec<String>,
    host_name: String,
}

impl Inputs {
    /// Reads them.
    pub(super) fn read(args: &ConfigArgs) -> Result<Self, Failure> {
        let files = args.files.iter().map(|path| read(path)).collect::<Result<_, Failure>>()?;
        Ok(Self { files, environment: environment(), flags: args.set.clone(), host_name: host_name() })
    }

    /// The inputs, borrowed.
    pub(super) fn sources(&self) -> Sources<'_> {
        let Self { files, environment, flags, host_name } = self;
        Sources { files, environment, flags, host_name }
    }

    /// Their configuration.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        Ok(Config::load(&self.sources())?)
    }
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
pub(super) fn host_name() -> String {
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
