//! `sheaf audit`: what operators have done.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};

use super::entry_command::{change_of, listed};
use super::topic::{POLL, RECORDS_MAX, TIMEOUT};
use crate::app::{self, ApplicationSpec, Secrets};
use crate::broker::{Admin, Broker, Isolation, Reader, Start};
use crate::cli::exit::Failure;
use crate::cli::load::{self, TopologyArgs};
use crate::cli::output::print_stdout;
use crate::model::{Record, TopicPartition};
use crate::runtime::{Audit, AuditVerdict};
use crate::topology::internal_topic;

/// See what operators have done
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the last commands, and follow with --follow
    Tail(Tail),
}

/// Options of `sheaf audit tail`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each command is in it once, accepted or rejected, with who, when and why.

  sheaf audit tail -c sheaf.yaml -n 50
  sheaf audit tail -c sheaf.yaml --follow --output json | jq .key")]
pub(super) struct Tail {
    #[command(flatten)]
    topology: TopologyArgs,
    /// The number of commands
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    lines: usize,
    /// Print further commands as they come
    #[arg(short = 'f', long)]
    follow: bool,
    /// The form of the output
    #[arg(long, value_name = "FORM", default_value = "text")]
    output: Form,
}

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A line for a person
    Text,
    /// The record, one JSON object a line
    Json,
}

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    let Command::Tail(args) = command;
    let ApplicationSpec { config, .. } = load::only(&args.topology)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let broker = app::broker(&config, &Secrets::new(runtime.handle()), None)?;
    let topic = internal_topic(&config.application_id, "audit");
    let mut admin = broker.admin()?;
    if admin.partitions(&topic, TIMEOUT)?.is_empty() {
        return Err(Failure::Failed(anyhow::anyhow!(
            "there is no topic {topic}: has an instance of application {} run on this cluster?",
            config.application_id
        )));
    }
    let partition = TopicPartition::new(&topic, 0);
    let mut reader = broker.reader(Isolation::ReadCommitted)?;
    for record in last(&mut *admin, &mut *reader, &partition, args.lines)? {
        print(args.output, &record);
    }
    if !args.follow {
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        let mut records = Vec::new();
        reader.poll(RECORDS_MAX, &mut records, POLL)?;
        for record in &records {
            print(args.output, record);
        }
    }
}

/// The last records of a partition; the reader stands after them. Markers of transactions take offsets too, so it reads from further
/// back until there are enough.
fn last(
    admin: &mut dyn Admin,
    reader: &mut dyn Reader,
    partition: &TopicPartition,
    lines: usize,
) -> Result<Vec<Record>, Failure> {
    let (begin, end) = admin.watermarks(partition, TIMEOUT)?;
    let mut back = i64::try_from(lines).unwrap_or(i64::MAX).saturating_mul(2).max(1);
    loop {
        let start = end.saturating_sub(back).max(begin);
        reader.assign(&[(partition.clone(), Start::At(start))])?;
        let mut records = Vec::new();
        let mut polls_left = TIMEOUT.as_millis() / POLL.as_millis();
        while reader.position(partition).is_none_or(|position| position < end) && polls_left > 0 {
            let before = records.len();
            reader.poll(RECORDS_MAX, &mut records, POLL)?;
            polls_left -= u128::from(records.len() == before);
        }
        if records.len() >= lines || start == begin {
            let surplus = records.len().saturating_sub(lines);
            records.drain(..surplus);
            return Ok(records);
        }
        back = back.saturating_mul(2);
    }
}

fn print(form: Form, record: &Record) {
    let value = String::from_utf8_lossy(record.value.as_deref().unwrap_or_default());
    match (form, Audit::read(record)) {
        (Form::Json, _) | (Form::Text, None) => print_stdout(&value),
        (Form::Text, Some(audit)) => print_stdout(&line(&audit)),
    }
}

/// `2026-12-01T05:00:00.000Z  ann  cancel  bundle 018f…  accepted: open/waiting-parent -> cancelled  (a reason)`.
fn line(audit: &Audit) -> String {
    let Audit { at, by, name, processor, key, why, arguments, .. } = audit;
    let arguments = listed(arguments);
    let verdict = match &audit.verdict {
        AuditVerdict::Accepted => change_of(audit),
        AuditVerdict::Rejected { detail, .. } => format!("rejected: {detail}"),
    };
    format!("{at}  {by}  {name}{arguments}  {processor} {key}  {verdict}  ({why})")
}
