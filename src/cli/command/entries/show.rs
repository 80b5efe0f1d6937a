//! `show` of an entry of a processor.

use std::process::ExitCode;

use super::kind::Kind;
use super::remote::EntryRemote;
use super::{letter, story};
use crate::cli::exit::Failure;
use crate::cli::output::OutputArgs;
use crate::codec::percent_encode;
use crate::model::Clock as _;
use crate::processor::dead_letter::DEAD_LETTER;
use crate::runtime::SystemClock;
use crate::topology::{BUNDLE, DELIVERY};

/// Options of `show`.
#[derive(Debug, clap::Args)]
pub(in crate::cli::command) struct Show {
    /// The entry, as lists and alerts name it
    #[arg(value_name = "ID")]
    key: String,
    #[command(flatten)]
    remote: EntryRemote,
    #[command(flatten)]
    output: OutputArgs,
}

impl Show {
    /// Tells the story of an entry.
    pub(in crate::cli::command) fn run(&self, kind: &Kind) -> Result<ExitCode, Failure> {
        let path = |processor| format!("{processor}/entries/{}", percent_encode(&self.key));
        let query = self.remote.parameter();
        let (item, delivery) = self.remote.remote.ask(async |client| {
            let item = client.get(&path(kind.processor), &query).await?;
            // The topology may have no deliveries, and the bundle none yet.
            let delivery = if kind.processor == BUNDLE { client.get(&path(DELIVERY), &query).await.ok() } else { None };
            Ok((item, delivery))
        })?;
        let now = SystemClock.now();
        let story = match kind.processor {
            BUNDLE => story::bundle(&item, delivery.as_ref(), now),
            DEAD_LETTER => letter::letter(&item, now),
            _ => story::delivery(&item, now),
        };
        self.output.print_one(&item, &story);
        Ok(ExitCode::SUCCESS)
    }
}
