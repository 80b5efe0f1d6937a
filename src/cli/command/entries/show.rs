//! `show` of an entry of a processor.

use std::process::ExitCode;

use super::remote::EntryRemote;
use super::story;
use crate::cli::exit::Failure;
use crate::cli::output::OutputArgs;
use crate::codec::percent_encode;
use crate::model::Clock as _;
use crate::runtime::SystemClock;
use crate::topology::{BUNDLE, DELIVERY};

/// Options of `show`.
#[derive(Debug, clap::Args)]
pub(in crate::cli::command) struct Show {
    /// The bundle's id
    #[arg(value_name = "BUNDLE")]
    key: String,
    #[command(flatten)]
    remote: EntryRemote,
    #[command(flatten)]
    output: OutputArgs,
}

impl Show {
    /// Tells the story of an entry of the processor.
    pub(in crate::cli::command) fn run(&self, processor: &'static str) -> Result<ExitCode, Failure> {
        let path = format!("{processor}/entries/{}", percent_encode(&self.key));
        let query = self.remote.parameter();
        let (item, delivery) = self.remote.remote.ask(async |client| {
            let item = client.get(&path, &query).await?;
            // The topology may have no deliveries, and the bundle none yet.
            let of_bundle = format!("{DELIVERY}/entries/{}", percent_encode(&self.key));
            let delivery = if processor == BUNDLE { client.get(&of_bundle, &query).await.ok() } else { None };
            Ok((item, delivery))
        })?;
        let now = SystemClock.now();
        let story = if processor == BUNDLE {
            story::bundle(&item, delivery.as_ref(), now)
        } else {
            story::delivery(&item, now)
        };
        self.output.print_one(&item, &story);
        Ok(ExitCode::SUCCESS)
    }
}
