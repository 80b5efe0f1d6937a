//! `list` and `watch` of the entries of a processor.

use std::process::ExitCode;

use super::kind::Kind;
use super::remote::EntryRemote;
use super::selection::{Found, Selection};
use crate::cli::exit::Failure;
use crate::cli::output::{OutputArgs, Screen, WatchArgs};

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
    #[command(flatten)]
    watch: WatchArgs,
}

impl List {
    /// Lists entries, once or again and again; without a status those by `default`.
    pub(in crate::cli::command) fn run(&self, kind: &'static Kind, default: &[&str]) -> Result<ExitCode, Failure> {
        self.print(self.watch, kind, default)
    }

    /// Lists them again and again.
    pub(in crate::cli::command) fn watch(&self, kind: &'static Kind) -> Result<ExitCode, Failure> {
        self.print(self.watch.or_always(), kind, &[])
    }

    fn print(&self, watch: WatchArgs, kind: &'static Kind, default: &[&str]) -> Result<ExitCode, Failure> {
        let question = self.selection.question(kind, default)?;
        let question = question.with("from", self.from.as_ref()).with("until", self.until.as_ref());
        let question = question.with("application", self.remote.application.as_ref());
        watch.print(self.output, || {
            let found = self.remote.remote.ask(async |client| question.ask(&client, self.limit).await)?;
            let Found { items, notes, .. } = found;
            Ok(Screen { text: self.output.text(items, kind.columns), notes })
        })
    }
}
