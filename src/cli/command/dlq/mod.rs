//! `sheaf dlq`: dead letters.
//!
//! | file | what it is |
//! |---|---|
//! | `letters` | reads the dead letters and what was done about them from their topics |
//! | `filter` | which letters a command is about |

mod filter;
mod letters;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bytes::Bytes;
use clap::Subcommand;
use serde_json::{Value, json};

use self::filter::Filter;
use self::letters::Found;
use super::entries::DEAD_LETTERS;
use super::entry_command::{Arguments, Choice, EntryArgs, Order, SendingArgs, send, send_to};
use crate::cli::exit::Failure;
use crate::cli::load::{self, TopologyArgs};
use crate::cli::output::{print_stderr, print_stdout};
use crate::processor::dead_letter::Content;
use crate::processor::dead_letter::commands::{COMMANDS, DISCARD, EDIT, KEY, REDRIVE, VALUE};

/// The longest message of a line, in characters.
const MESSAGE_MAX: usize = 100;

/// List dead letters, and send them again, edit or discard them
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List dead letters, the oldest first
    List(List),
    /// Show one with its bytes
    Show(Show),
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
It reads the topics of dead letters and of audits.

  sheaf dlq list -c sheaf.yaml
  sheaf dlq list -c sheaf.yaml --filter reason=unparsable --filter topic=orders --output json")]
pub(super) struct List {
    #[command(flatten)]
    topology: TopologyArgs,
    #[command(flatten)]
    filter: FilterArgs,
    /// The most letters
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// Which letters.
#[derive(Debug, clap::Args)]
struct FilterArgs {
    /// Only letters with `reason=`, `topic=`, `processor=`, `status=open|redriven|edited|discarded|all` or `text=` in the message; may be
    /// given more than once. Without a status those that are open
    #[arg(long = "filter", value_name = "NAME=VALUE")]
    filters: Vec<Filter>,
}

/// Options of `sheaf dlq show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "  sheaf dlq show orders-3@17 -c sheaf.yaml")]
pub(super) struct Show {
    /// The letter, as `sheaf dlq list` names it
    #[arg(value_name = "LETTER")]
    letter: String,
    #[command(flatten)]
    topology: TopologyArgs,
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
  sheaf dlq show orders-3@17 -c sheaf.yaml          see what is wrong with it
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
        Command::List(args) => list(args),
        Command::Show(args) => show(args),
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

fn list(args: &List) -> Result<ExitCode, Failure> {
    let mut found = letters::read(&args.topology)?;
    found.retain(|found| filter::all(&args.filter.filters, found));
    let more = found.len().saturating_sub(args.limit);
    for found in found.iter().take(args.limit) {
        if args.json {
            print_stdout(&shown(found).to_string());
            continue;
        }
        let Found { key, status, rounds, letter, .. } = found;
        let message: String = letter.message.chars().take(MESSAGE_MAX).collect();
        let rounds = if *rounds > 1 { format!(" ({rounds} rounds)") } else { String::new() };
        print_stdout(&format!("{key}  {status}{rounds}  {}  {}  {message}", letter.rejected_at, letter.reason));
    }
    if more > 0 {
        print_stderr(&format!("and {more} more: --limit, or --filter"));
    }
    Ok(ExitCode::SUCCESS)
}

fn show(args: &Show) -> Result<ExitCode, Failure> {
    let found = letters::read(&args.topology)?;
    let Some(found) = found.into_iter().find(|found| found.key == args.letter) else {
        let message = format!("there is no dead letter {}: `sheaf dlq list` has them", args.letter);
        return Err(Failure::Failed(anyhow::anyhow!(message)));
    };
    let mut whole = shown(&found);
    if let (Value::Object(fields), Some(content)) = (&mut whole, &found.letter.content) {
        let Content { key, headers, value } = content;
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| json!({ "name": name, "value": text(value.as_ref()) })).collect();
        fields.insert("record_key".to_owned(), text(key.as_ref()));
        fields.insert("headers".to_owned(), Value::Array(headers));
        fields.insert("value".to_owned(), text(value.as_ref()));
    }
    print_stdout(&format!("{whole:#}"));
    Ok(ExitCode::SUCCESS)
}

fn shown(found: &Found) -> Value {
    let Found { key, status, rounds, letter } = found;
    let lacking = letter.lacking;
    json!({
        "key": key, "status": status, "reason": letter.reason, "message": letter.message, "stage": letter.stage,
        "processor": letter.processor, "rounds": rounds, "rejected_at": letter.rejected_at.to_string(),
        "source": {
            "topic": letter.origin.topic, "partition": letter.origin.partition, "offset": letter.origin.offset,
            "timestamp": letter.origin.timestamp.to_string(),
        },
        "complete": !(lacking.key || lacking.headers || lacking.value),
    })
}

/// Bytes as text; those that are none as `{"hex": …}`; null if there are none.
fn text(bytes: Option<&Bytes>) -> Value {
    match bytes.map(|bytes| std::str::from_utf8(bytes)) {
        None => Value::Null,
        Some(Ok(text)) => json!(text),
        Some(Err(_)) => {
            let hex = |byte: &u8| format!("{byte:02x}");
            json!({ "hex": bytes.into_iter().flat_map(|bytes| bytes.iter().map(hex)).collect::<String>() })
        }
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("error: the value {} cannot be read: {error}", path.display())))
}
