//! `sheaf produce`: writes sample parent and child events.

use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;

use crate::app;
use crate::broker::{Broker, Producer, ProducerSpec};
use crate::cli::exit::Failure;
use crate::cli::output::{print_stderr, print_stdout};
use crate::cli::signal;
use crate::model::{Clock as _, Headers, OutRecord, Topic};
use crate::runtime::{Incarnation, SystemClock};
use crate::sim::{Generator, SampleEvent};

/// Write sample parent and child events to Kafka
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without --no-wait and --rate there are pauses: 30 to 180 s between a parent and its children, 30 to 300 s between pairs. \
Ctrl-C stops it after the current transaction.

  sheaf produce -n 5 --no-wait                     five pairs at once
  sheaf produce -n 100 --children 3 --shuffle --rate 50")]
pub(super) struct Args {
    /// Kafka's brokers
    #[arg(short, long, value_name = "HOST:PORT,..", default_value = "localhost:9092")]
    bootstrap_servers: String,
    /// Number of parents, each with its children
    #[arg(short, long, value_name = "N", default_value_t = 20)]
    num_pairs: u32,
    /// Number of children of each parent
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    children: u32,
    /// Events per second, instead of the pauses
    #[arg(long, value_name = "EVENTS_PER_SECOND", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: Option<u32>,
    /// Write the events of all pairs in random order
    #[arg(long)]
    shuffle: bool,
    /// Seed of the random values; the default is a new seed for each run
    #[arg(long)]
    seed: Option<u64>,
    /// Write without pauses
    #[arg(long)]
    no_wait: bool,
    /// The parents' topic
    #[arg(long, value_name = "TOPIC", default_value = "ctm-parent-events")]
    parent_topic: String,
    /// The children's topic
    #[arg(long, value_name = "TOPIC", default_value = "ctm-children-events")]
    children_topic: String,
}

/// The time-out of one call to the broker.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The number of events per transaction when there are no pauses.
const TRANSACTION_EVENTS: usize = 500;

pub(super) fn main(args: &Args) -> Result<ExitCode, Failure> {
    let seed = args.seed.unwrap_or_else(|| Incarnation::of_this_process().id.as_u64_pair().0);
    let mut generator = Generator::new(seed);
    let mut events = Vec::new();
    for _ in 0..args.num_pairs {
        events.extend(generator.bundle(args.children, SystemClock.now()));
    }
    if args.shuffle {
        generator.shuffle(&mut events);
    }
    let broker = app::broker_at(&args.bootstrap_servers)?;
    let transactional_id = format!("sheaf-produce-{}", Incarnation::of_this_process().id);
    let missing = missing(&*broker, args)?;
    for topic in &missing {
        print_stderr(&format!("topic {topic} does not exist; the broker may create it when it is written to"));
    }
    let mut producer = broker.producer(&ProducerSpec::transactional(&transactional_id))?;
    producer.init(TIMEOUT)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let mut signal = std::pin::pin!(signal::received());
        let mut written = 0;
        let batch_events = if args.no_wait && args.rate.is_none() { TRANSACTION_EVENTS } else { 1 };
        for batch in events.chunks(batch_events) {
            write(&mut *producer, args, batch)?;
            written += batch.len();
            let pause = pause(args, &mut generator, batch);
            tokio::select! {
                biased;
                _ = &mut signal => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
        Ok::<usize, Failure>(written)
    });
    let written = match result {
        Ok(written) => written,
        Err(failure) => return Err(self::missing(&*broker, args)?.first().map_or(failure, absent)),
    };
    print_stderr(&format!("{written} of {} events written (seed {seed})", events.len()));
    Ok(ExitCode::SUCCESS)
}

/// The topics of the events that do not exist.
fn missing(broker: &dyn Broker, args: &Args) -> Result<Vec<Topic>, Failure> {
    let topics = [&args.parent_topic, &args.children_topic].map(|topic| Topic::new(topic));
    let found = broker.admin()?.describe(&topics, TIMEOUT)?;
    Ok(topics.into_iter().zip(found).filter(|(_, found)| found.is_none()).map(|(topic, _)| topic).collect())
}

fn absent(topic: &Topic) -> Failure {
    Failure::Failed(anyhow::anyhow!(
        "topic {topic} does not exist, and the broker creates none: create it with `kafka-topics --create --topic {topic}`, \
         or name another with --parent-topic and --children-topic"
    ))
}

fn write(producer: &mut dyn Producer, args: &Args, events: &[SampleEvent]) -> Result<(), Failure> {
    let record = |event: &SampleEvent| {
        let topic = if event.is_parent() { &args.parent_topic } else { &args.children_topic };
        let value = event.value.to_string();
        print_stdout(&format!("{topic}: {value}"));
        OutRecord {
            topic: Topic::new(topic),
            partition: None,
            key: None,
            value: Some(Bytes::from(value)),
            headers: Headers::new(),
            timestamp: None,
        }
    };
    producer.transact(&events.iter().map(record).collect::<Vec<_>>(), TIMEOUT)?;
    Ok(())
}

fn pause(args: &Args, generator: &mut Generator, batch: &[SampleEvent]) -> Duration {
    match args.rate {
        Some(rate) => Duration::from_secs(1).checked_div(rate).unwrap_or_default(),
        None if args.no_wait => Duration::ZERO,
        None => {
            let last_of_pair = batch.last().is_some_and(|event| event.position == args.children);
            let seconds = if last_of_pair { generator.number(30..=300) } else { generator.number(30..=180) };
            Duration::from_secs(u64::from(seconds))
        }
    }
}
