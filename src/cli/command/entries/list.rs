//! `list` and `watch` of the entries of a processor.

use std::process::ExitCode;
use std::time::Duration;

use super::kind::Kind;
use super::remote::EntryRemote;
use super::selection::{Found, Selection};
use super::words;
use crate::cli::exit::Failure;
use crate::cli::output::{OutputArgs, print_stderr};
use crate::model::Clock as _;
use crate::runtime::SystemClock;

/// The interval of `watch`.
const WATCH_INTERVAL: Duration = Duration::from_secs(2);

/// Options of `list`.
#[derive(Debug, clap::Args)]
pub(in crate::cli::command) struct List {
    #[command(flatten)]
    selection: Selection,
    /// The earliest time by which the list is sorted: of incomplete bundles their deadline (2026-11-29T17:00:00Z)
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// The latest one
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// The most entries
    #[arg(long, value_name = "NUMBER", default_value = "50")]
    limit: usize,
    #[command(flatten)]
    remote: EntryRemote,
    #[command(flatten)]
    output: OutputArgs,
}

impl List {
    /// Lists entries once; without a status those by `default`.
    pub(in crate::cli::command) fn run(&self, kind: &'static Kind, default: &[&str]) -> Result<ExitCode, Failure> {
        let question = self.selection.question(kind, default)?;
        let question = question.with("from", self.from.as_ref()).with("until", self.until.as_ref());
        let question = question.with("application", self.remote.application.as_ref());
        let found = self.remote.remote.ask(async |client| question.ask(&client, self.limit).await)?;
        let Found { items, notes, .. } = found;
        self.output.print(items, kind.columns);
        for note in notes {
            print_stderr(&note);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Lists them every two seconds, until it is interrupted.
    pub(in crate::cli::command) fn watch(&self, kind: &'static Kind) -> Result<ExitCode, Failure> {
        let mut waits = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        loop {
            print_stderr(&format!("--- {}", words::time(&SystemClock.now().to_string())));
            self.run(kind, &[])?;
            let wait = &mut waits;
            wait.block_on(async { tokio::time::sleep(WATCH_INTERVAL).await });
        }
    }
}
