//! Sends a command to one entry or many, and tells what became of each.
//!
//! | file | content |
//! |---|---|
//! | `order` | a command, with its options |
//! | `choice` | which entries: named, or found by a running instance; and the question whether to go on |
//! | `tally` | what became of each |

mod choice;
mod order;
mod tally;

pub(super) use choice::Choice;
pub(super) use order::{Arguments, Order, SendingArgs};
pub(super) use tally::{change_of, listed};

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use self::choice::{ChoiceArgs, is_agreed};
use self::tally::Tally;
use crate::app::{self, ApplicationSpec, Secrets};
use crate::cli::exit::Failure;
use crate::cli::load;
use crate::cli::output::print_stderr;
use crate::cli::progress::Progress;
use crate::model::Key;
use crate::runtime::{CommandError, CommandSender, Incarnation, SystemClock};

/// The time-out of one call to the broker.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The commands that are under way at a time: their audits come with few transactions.
const UNDER_WAY_MAX: usize = 200;

/// The options of every command to entries.
#[derive(Debug, clap::Args)]
pub(super) struct EntryArgs {
    #[command(flatten)]
    pub choice: ChoiceArgs,
    #[command(flatten)]
    pub sending: SendingArgs,
}

/// Sends a command to the entries that the options name or choose.
pub(super) fn send(args: &EntryArgs, order: &Order<'_>) -> Result<ExitCode, Failure> {
    let EntryArgs { choice, sending } = args;
    order.check(sending)?;
    let spec = load::only(&sending.topology)?;
    let choice = choice.choose(sending, order, &spec.config.application_id)?;
    send_to(sending, &spec, &choice, order)
}

/// Sends a command to entries. Exit code 1 unless each accepts it, and no entry can be missing.
pub(super) fn send_to(
    args: &SendingArgs,
    spec: &ApplicationSpec,
    choice: &Choice,
    order: &Order<'_>,
) -> Result<ExitCode, Failure> {
    let (keys, entries) = (&choice.keys, order.kind.entries);
    if keys.len() > args.limit {
        return Err(Failure::Usage(format!(
            "error: these are {} {entries}, and --limit is {}: send the command to fewer, or raise it",
            keys.len(),
            args.limit
        )));
    }
    if keys.is_empty() {
        print_stderr(&format!("no {entries} are like that: nothing is sent"));
        return Ok(ExitCode::from(u8::from(choice.is_incomplete)));
    }
    let config = &spec.config;
    if !is_agreed(args, choice, order, &config.application_id)? {
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let broker = app::broker(config, &Secrets::new(runtime.handle()), None)?;
    let mut sender = CommandSender::new(&*broker, &config.application_id, Arc::new(SystemClock), TIMEOUT)?;
    let tally = send_all(args, keys, order, &mut sender)?;
    if keys.len() > 1 {
        print_stderr(&format!("{} of {} {entries}: {tally}", order.name, keys.len()));
    }
    let is_whole = tally.accepted == keys.len() && !choice.is_incomplete;
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn send_all(
    args: &SendingArgs,
    keys: &[String],
    order: &Order<'_>,
    sender: &mut CommandSender,
) -> Result<Tally, Failure> {
    let (mut tally, mut progress) = (Tally::default(), Progress::new(order.name, keys.len()));
    let start = Incarnation::of_this_process().id;
    let (mut number, mut done) = (0_u64, 0_u64);
    for some in keys.chunks(UNDER_WAY_MAX) {
        let mut sent = Vec::new();
        for key in some {
            number += 1;
            let id = Uuid::new_v5(&start, number.to_string().as_bytes());
            match order.arguments.of(key) {
                Ok(arguments) => {
                    sender.send(order.kind.processor, &Key::new(key), &order.command(args, id, arguments))?;
                    sent.push((key, id));
                }
                Err(why) => {
                    progress.print_stdout(&tally.leave_out(key, why));
                    done += 1;
                }
            }
        }
        for (key, id) in sent {
            let answer = sender.wait(id, Duration::from_secs(args.timeout));
            progress.print_stdout(&tally.add(key, answer));
            done += 1;
            progress.at(done, &tally.to_string());
        }
    }
    Ok(tally)
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        if let CommandError::Broker(error) = error { error.into() } else { Self::Failed(error.into()) }
    }
}
