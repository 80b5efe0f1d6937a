//! `sheaf dlq`: lists and shows dead letters, and sends commands to them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use super::entries::{DEAD_LETTERS, List, Show};
use super::entry_command::{Arguments, Choice, EntryArgs, Order, SendingArgs, send, send_to};
use crate::cli::exit::Failure;
use crate::cli::load;
use crate::processor::dead_letter::commands::{COMMANDS, DISCARD, EDIT, KEY, REDRIVE, VALUE};

/// List dead letters, and send them again, edit or discard them
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List dead letters, the oldest first
    List(ListLetters),
    /// Tell why a record was rejected and what can be done, with its bytes
    Show(ShowLetter),
    /// Send records again as they were
    Redrive(Redrive),
    /// Send a record again with another value
    Edit(Edit),
    /// Say that nothing is to be done about letters
    Discard(Discard),
}

/// Options of `sheaf dlq list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Any instance answers. Without a status it lists those that are `open`; others are `redriven`, `edited` or `discarded`.

  sheaf dlq list
  sheaf dlq list --filter reason=unparsable --filter topic=orders -o json
  sheaf dlq list --status all --text 'no JSON'")]
pub(super) struct ListLetters {
    #[command(flatten)]
    list: List,
}

/// Options of `sheaf dlq show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  sheaf dlq show orders-3@17
  sheaf dlq show orders-3@17 -o json | jq -r .content.record.value.text > mended.json     its value, to edit it")]
pub(super) struct ShowLetter {
    #[command(flatten)]
    show: Show,
}

/// Options of `sheaf dlq redrive`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Mend what rejects them first. A record that is rejected again is the same letter, and its rounds are counted; after ten it is not sent \
again as it is. A record that a bundle had already is a duplicate there.

  sheaf dlq redrive orders-3@17 -c sheaf.yaml --why 'the topology takes version 2 now'
  sheaf dlq redrive --filter reason=incompatible_version --limit 1000 --yes -c sheaf.yaml --why 'the topology takes version 2 now'")]
pub(super) struct Redrive {
    #[command(flatten)]
    letters: EntryArgs,
}

/// Options of `sheaf dlq edit`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  sheaf dlq show orders-3@17          see what is wrong with it
  sheaf dlq edit orders-3@17 --value mended.json -c sheaf.yaml --why 'the amount was a text'")]
pub(super) struct Edit {
    /// The letter, as `sheaf dlq list` names it
    #[arg(value_name = "LETTER")]
    letter: String,
    /// The file with the value
    #[arg(long, value_name = "FILE")]
    value: PathBuf,
    /// The key, if it is to be another one
    #[arg(long, value_name = "TEXT")]
    key: Option<String>,
    #[command(flatten)]
    sending: SendingArgs,
}

/// Options of `sheaf dlq discard`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The records stay in their topics, and the letters in theirs.

  sheaf dlq discard --filter topic=orders --filter text='test order' --yes -c sheaf.yaml --why 'test data'")]
pub(super) struct Discard {
    #[command(flatten)]
    letters: EntryArgs,
}

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::List(ListLetters { list }) => list.run(&DEAD_LETTERS, &["open"]),
        Command::Show(ShowLetter { show }) => show.run(&DEAD_LETTERS),
        Command::Redrive(Redrive { letters }) => send(letters, &order(REDRIVE, BTreeMap::new())),
        Command::Discard(Discard { letters }) => send(letters, &order(DISCARD, BTreeMap::new())),
        Command::Edit(Edit { letter, value, key, sending }) => {
            let value = read(value)?;
            let key = key.clone().map(|key| (KEY.to_owned(), key));
            let arguments = [(VALUE.to_owned(), value)].into_iter().chain(key).collect();
            let spec = load::only(&sending.topology)?;
            send_to(sending, &spec, &Choice::of(vec![letter.clone()]), &order(EDIT, arguments))
        }
    }
}

fn order(name: &str, arguments: BTreeMap<String, String>) -> Order<'_> {
    Order { kind: &DEAD_LETTERS, specs: COMMANDS, name, arguments: Arguments::Same(arguments) }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("error: the value {} cannot be read: {error}", path.display())))
}
