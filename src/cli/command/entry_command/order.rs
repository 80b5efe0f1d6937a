//! A command to entries, with its options.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::cli::command::entries::Kind;
use crate::cli::exit::Failure;
use crate::cli::load::TopologyArgs;
use crate::model::Clock as _;
use crate::processor::{self, Command, CommandSpec};
use crate::runtime::SystemClock;

/// The options of every command, without its entries.
#[derive(Debug, clap::Args)]
pub(in crate::cli::command) struct SendingArgs {
    #[command(flatten)]
    pub topology: TopologyArgs,
    /// Your name, for the audit
    #[arg(long, value_name = "NAME", env = "USER", default_value = "an operator")]
    by: String,
    /// The reason, for the audit
    #[arg(long, value_name = "TEXT", default_value = "no reason given")]
    why: String,
    /// List what would be sent, and send nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Do not ask before a command to several entries
    #[arg(long, short = 'y')]
    pub(super) yes: bool,
    /// The most entries of one command
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub(super) limit: usize,
    /// How long to wait for an instance to execute it
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(super) timeout: u64,
}

/// A command to the entries of a processor.
pub(in crate::cli::command) struct Order<'a> {
    /// The entries of the processor.
    pub kind: &'static Kind,
    /// The commands of the processor.
    pub specs: &'static [CommandSpec],
    /// The name of the command.
    pub name: &'a str,
    /// Its arguments.
    pub arguments: Arguments,
}

/// The arguments of a command.
pub(in crate::cli::command) enum Arguments {
    /// The same for all entries.
    Same(BTreeMap<String, String>),
    /// Those of each entry, by its key; to one without any, nothing is sent.
    Each {
        /// The arguments.
        arguments: BTreeMap<String, BTreeMap<String, String>>,
        /// Why an entry has none.
        lacking: String,
    },
}

impl Arguments {
    /// Those of an entry.
    pub(super) fn of(&self, key: &str) -> Result<&BTreeMap<String, String>, &str> {
        match self {
            Self::Same(arguments) => Ok(arguments),
            Self::Each { arguments, lacking } => arguments.get(key).ok_or(lacking),
        }
    }
}

impl Order<'_> {
    /// Refuses wrong arguments before anything is asked or sent.
    pub(super) fn check(&self, args: &SendingArgs) -> Result<(), Failure> {
        let Arguments::Same(arguments) = &self.arguments else { return Ok(()) };
        let checked = processor::check(self.specs, &self.command(args, Uuid::nil(), arguments));
        checked.map(drop).map_err(|error| Failure::Usage(format!("error: {error}")))
    }

    /// The command with this id.
    pub(super) fn command(&self, args: &SendingArgs, id: Uuid, arguments: &BTreeMap<String, String>) -> Command {
        Command {
            id,
            name: self.name.to_owned(),
            arguments: arguments.clone(),
            by: args.by.clone(),
            why: args.why.clone(),
            at: SystemClock.now(),
            traceparent: None,
        }
    }
}
