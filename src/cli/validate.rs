//! `sheaf validate`: everything that is wrong with the files, without a broker.

use std::process::ExitCode;

use super::exit::Failure;
use super::load::{self, ConfigArgs};
use super::output::say;
use super::wire;

/// Options of `sheaf validate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Reads the configuration, the topology and the template, and shows every problem with its file, line and a hint. \
Nothing is connected to. Exit code 0 when all is well, 78 when something is wrong.")]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn main(args: &Args) -> Result<ExitCode, Failure> {
    let loaded = load::everything(&args.config)?;
    let topology = wire::topology(&loaded)?;
    let sources: Vec<&str> = topology.sources.iter().map(|source| source.topic.as_str()).collect();
    say(&format!("ok: application {}, topology {}", loaded.config.application_id, loaded.spec.name));
    say(&format!("    reads {}", sources.join(", ")));
    if let (Some(template), Some(deliver)) = (&loaded.template, &loaded.spec.deliver) {
        say(&format!("    submits to {} with {} (revision {})", deliver.server, template.name(), template.revision()));
    }
    Ok(ExitCode::SUCCESS)
}
