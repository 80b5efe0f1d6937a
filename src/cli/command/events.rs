//! `sheaf events`: the records of an application as they come.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

use clap::{Subcommand, ValueEnum};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::topic::{self, POLL, RECORDS_MAX, TIMEOUT};
use crate::app::{self, ApplicationSpec, Secrets};
use crate::broker::{Broker, Isolation, Start};
use crate::cli::exit::Failure;
use crate::cli::load::{self, TopologyArgs};
use crate::cli::output::{print_stderr, print_stdout, printable};
use crate::model::{Clock as _, Record, Timestamp, Topic, TopicPartition};
use crate::processor::bundle::member_id;
use crate::processor::{Keyed, Keying};
use crate::runtime::SystemClock;
use crate::topology::{BUNDLE, Topology, internal_topic};

/// See events as they come
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the events of an application as they come, with member, bundle and id; and what it writes
    Tail(Tail),
}

/// Options of `sheaf events tail`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It reads the topics without a group, so it changes nothing for the instances; it needs the right READ. Event by event it says what the topology
makes of it, or why it is rejected. What belongs to no bundle is left out.

  sheaf events tail -c sheaf.yaml
  sheaf events tail --bundle 018f3c1e-7d1e-7aaa-bbbb-0123456789ab --since 2h --kind all
  sheaf events tail --since 2026-11-29T17:00:00Z --no-follow --output json | jq .value")]
pub(super) struct Tail {
    #[command(flatten)]
    topology: TopologyArgs,
    /// What to print; may be given more than once
    #[arg(long = "kind", value_name = "KIND", default_value = "events")]
    kinds: Vec<Kind>,
    /// Only what is of this bundle
    #[arg(long, value_name = "KEY")]
    bundle: Option<String>,
    /// What was written since a time (RFC 3339), or since so long ago (`10m`), before what comes
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// Stop at the end of the topics; without --since all of them are read
    #[arg(long)]
    no_follow: bool,
    /// The form of the output
    #[arg(long, value_name = "FORM", default_value = "text")]
    output: Form,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The events of the sources
    Events,
    /// The bundles that were handed on
    Submissions,
    /// What became of their deliveries
    Outcomes,
    /// The alerts
    Alerts,
    /// All of these
    All,
}

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A line for a person
    Text,
    /// One JSON object a line, with the value
    Json,
}

/// A time, or a duration before now.
#[derive(Clone, Copy, Debug)]
struct Since(Timestamp);

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(at) = text.parse() {
            return Ok(Self(at));
        }
        let ago: SignedDuration =
            text.parse().map_err(|error| format!("{error}: write 10m, 2h or a time of RFC 3339"))?;
        Ok(Self(SystemClock.now().saturating_sub(ago.unsigned_abs())))
    }
}

/// How the records of a topic are read.
#[derive(Clone)]
enum Reading {
    /// Events, by the keying step of their source.
    Event(Arc<dyn Keying>),
    /// What the application writes, keyed by the bundle.
    Output(&'static str),
}

pub(super) fn main(command: &Command) -> Result<ExitCode, Failure> {
    let Command::Tail(args) = command;
    let ApplicationSpec { config, file, .. } = &load::only(&args.topology)?;
    let topics = topics(&file.assemble(config)?, &config.application_id, &args.kinds);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let broker = app::broker(config, &Secrets::new(runtime.handle()), None)?;
    let starts = starts(&*broker, topics.keys(), args)?;
    let print = |record: Record| {
        let reading = topics.get(&record.source.topic);
        if let Some(line) = reading.and_then(|reading| line(reading, &record, args)) {
            print_stdout(&line);
        }
    };
    if args.no_follow {
        topic::read_from(&*broker, &starts, print)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut reader = broker.reader(Isolation::ReadCommitted)?;
    reader.assign(&starts)?;
    loop {
        let mut records = Vec::new();
        reader.poll(RECORDS_MAX, &mut records, POLL)?;
        records.into_iter().for_each(print);
    }
}

/// The topics of these kinds, and how each is read.
fn topics(topology: &Topology, application: &str, kinds: &[Kind]) -> BTreeMap<Topic, Reading> {
    let has = |kind| kinds.iter().any(|asked| *asked == kind || *asked == Kind::All);
    let mut topics = BTreeMap::new();
    let is_bundle = |node: usize| topology.nodes.get(node).is_some_and(|node| *node.name == *BUNDLE);
    if has(Kind::Events) {
        let sources = topology.sources.iter().filter(|source| is_bundle(source.node));
        topics.extend(sources.map(|source| (source.topic.clone(), Reading::Event(source.keying.clone()))));
    }
    for (kind, output, what) in
        [(Kind::Submissions, "submissions", "submission"), (Kind::Outcomes, "outcomes", "outcome")]
    {
        if has(kind) {
            let outputs = topology.nodes.iter().filter_map(|node| node.output(output));
            topics.extend(outputs.map(|topic| (topic.clone(), Reading::Output(what))));
        }
    }
    if has(Kind::Alerts) {
        topics.insert(internal_topic(application, "alerts"), Reading::Output("alert"));
    }
    topics
}

/// Where the reading of each partition begins. A topic that does not exist is named and left out.
fn starts<'t>(
    broker: &dyn Broker,
    topics: impl Iterator<Item = &'t Topic>,
    args: &Tail,
) -> Result<Vec<(TopicPartition, Start)>, Failure> {
    let (mut admin, mut starts) = (broker.admin()?, Vec::new());
    for topic in topics {
        let partitions = admin.partitions(topic, TIMEOUT)?;
        if partitions.is_empty() {
            print_stderr(&format!("the topic {topic} does not exist"));
        }
        let Some(Since(at)) = args.since else {
            let start = if args.no_follow { Start::Beginning } else { Start::End };
            starts.extend(partitions.into_iter().map(|partition| (partition, start)));
            continue;
        };
        let offsets = admin.offsets_at(&partitions, at, TIMEOUT)?;
        let start = |offset: Option<i64>| offset.map_or(Start::End, Start::At);
        starts.extend(partitions.into_iter().zip(offsets.into_iter().map(start)));
    }
    if starts.is_empty() {
        let text = "there is nothing to read: create the topics, or correct the topology or the cluster";
        return Err(Failure::Failed(anyhow::anyhow!(text)));
    }
    Ok(starts)
}

/// What is told of a record.
struct Told {
    at: Timestamp,
    /// The member, or what the application has written; `rejected`.
    what: String,
    bundle: Option<String>,
    /// The id of a member; what an output says.
    text: String,
}

/// The line of a record; none if it is not asked for.
fn line(reading: &Reading, record: &Record, args: &Tail) -> Option<String> {
    let told = match reading {
        Reading::Event(keying) => event(&**keying, record)?,
        Reading::Output(what) => output(what, record),
    };
    if args.bundle.is_some() && args.bundle != told.bundle {
        return None;
    }
    let Told { at, what, bundle, text } = told;
    let source = format!("{}@{}", record.source, record.offset);
    Some(match args.output {
        Form::Text => {
            let bundle = bundle.as_deref().unwrap_or("-");
            printable(&format!("{at}  {what:<10}  {bundle}  {text}  ({source})"))
        }
        Form::Json => {
            let value = record.value.as_deref().map(|value| {
                serde_json::from_slice(value).unwrap_or_else(|_no_json| json!(String::from_utf8_lossy(value)))
            });
            json!({ "at": at.to_string(), "what": what, "bundle": bundle, "text": text, "source": source, "value": value })
                .to_string()
        }
    })
}

fn event(keying: &dyn Keying, record: &Record) -> Option<Told> {
    match keying.key(record) {
        Ok(Keyed::To(addressed)) => Some(Told {
            at: addressed.at,
            what: addressed.role.to_string(),
            bundle: Some(addressed.key.text().into_owned()),
            text: member_id(&addressed.parsed).unwrap_or_default().to_owned(),
        }),
        Ok(Keyed::Pass | Keyed::Foreign(_)) => None,
        Err(reject) => Some(Told {
            at: record.timestamp,
            what: "rejected".to_owned(),
            bundle: None,
            text: format!("{}: {}", reject.reason.as_str(), reject.detail),
        }),
    }
}

fn output(what: &str, record: &Record) -> Told {
    let value: Value = record.value.as_deref().and_then(|value| serde_json::from_slice(value).ok()).unwrap_or_default();
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let said = ["kind", "message", "outcome", "folder", "detail"].into_iter().filter_map(text);
    let key = record.key.as_deref().map(|key| String::from_utf8_lossy(key).into_owned());
    Told { at: record.timestamp, what: what.to_owned(), bundle: key, text: said.collect::<Vec<_>>().join("  ") }
}
