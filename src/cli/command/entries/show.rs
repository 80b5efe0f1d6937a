//! `show` of an entry of a processor.

use std::process::ExitCode;

use super::kind::Kind;
use super::remote::EntryRemote;
use super::{flow, letter, schedule, story, trace};
use crate::admin::ClientError;
use crate::cli::exit::Failure;
use crate::cli::output::OutputArgs;
use crate::codec::percent_encode;
use crate::model::Clock as _;
use crate::processor::dead_letter::DEAD_LETTER;
use crate::processor::flow::FLOW;
use crate::processor::schedule::SCHEDULE;
#[cfg(feature = "script")]
use crate::processor::script::SCRIPT;
use crate::processor::trace::TRACE;
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
            let delivery = match kind.processor {
                BUNDLE => client.get(&path(DELIVERY), &query).await,
                _ => return Ok((item, None)),
            };
            Ok((item, delivery.map(Some).or_else(|error| nothing_yet(&error).map_or(Ok(None), Err)).transpose()))
        })?;
        let now = SystemClock.now();
        let story = match kind.processor {
            BUNDLE => story::bundle(&item, delivery.as_ref().map(Result::as_ref), now),
            DEAD_LETTER => letter::letter(&item, now),
            FLOW => flow::flow(&item, now),
            SCHEDULE => schedule::schedule(&item, now),
            #[cfg(feature = "script")]
            SCRIPT => super::thread::thread(&item, now),
            TRACE => trace::trace(&item),
            _ => story::delivery(&item, now),
        };
        self.output.print_one(&item, &story);
        Ok(ExitCode::SUCCESS)
    }
}

/// The error of a question for a delivery; `None`: the topology has none, or the bundle none yet.
fn nothing_yet(error: &ClientError) -> Option<String> {
    if matches!(error, ClientError::Refused { status: 404, .. }) { None } else { Some(error.to_string()) }
}
