//! `sheaf schedules`: lists and shows records that wait until they are due, and sends commands to them.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Subcommand;

use super::entries::{List, SCHEDULES, Show};
use super::entry_command::{Arguments, EntryArgs, Order, send};
use crate::cli::exit::Failure;
use crate::processor::schedule::{CANCEL, COMMANDS, FIRE};

/// List and show records that wait until they are due; write them early, or cancel them
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List what waits, what is due next first
    List(ListSchedules),
    /// Show a record that waits, and when it is due
    Show(ShowSchedule),
    /// Write a record now, before it is due
    Fire(Fire),
    /// Cancel a record, so that it is not written
    Cancel(Cancel),
}

/// Options of `sheaf schedules list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Any instance answers. A topology file with `schedule: ..` keeps records until they are due.

  sheaf schedules list --until 2026-11-29T17:00:00Z  what is due until then
  sheaf schedules list --text cart-1 --watch")]
pub(super) struct ListSchedules {
    #[command(flatten)]
    list: List,
}

/// Options of `sheaf schedules show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "  sheaf schedules show 'cart-1|empty'")]
pub(super) struct ShowSchedule {
    #[command(flatten)]
    show: Show,
}

/// Options of `sheaf schedules fire`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It is written once, with the current time.

  sheaf schedules fire 'cart-1|empty' -c sheaf.yaml --by ann --why 'the shop closes earlier today'")]
pub(super) struct Fire {
    #[command(flatten)]
    entries: EntryArgs,
}

/// Options of `sheaf schedules cancel`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The requester is not told.

  sheaf schedules cancel 'cart-1|empty' -c sheaf.yaml --by ann --why 'the cart was deleted by hand'")]
pub(super) struct Cancel {
    #[command(flatten)]
    entries: EntryArgs,
}

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    let (entries, name) = match command {
        Command::List(ListSchedules { list }) => return list.run(&SCHEDULES, &[]),
        Command::Show(ShowSchedule { show }) => return show.run(&SCHEDULES),
        Command::Fire(Fire { entries }) => (entries, FIRE),
        Command::Cancel(Cancel { entries }) => (entries, CANCEL),
    };
    let arguments = Arguments::Same(BTreeMap::new());
    send(entries, &Order { kind: &SCHEDULES, specs: COMMANDS, name, arguments })
}
