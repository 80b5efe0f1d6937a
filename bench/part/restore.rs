//! The restored entries per second, with the restorer of an instance.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;

use sheaf::broker::Waker;
use sheaf::broker::kafka::{KafkaBroker, KafkaSettings};
use sheaf::model::{TaskId, TopicPartition};
use sheaf::runtime::{Application, Context, Job, Restorer};
use sheaf::store::rocks::{RocksOptions, RocksStores};

use crate::fill::{Entries, TIMEOUT, fill};
use crate::{Result, fixture};

/// Restore stores from a changelog, in this process
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Kafka's brokers
    #[arg(long, value_name = "HOST:PORT,..")]
    bootstrap_servers: String,
    /// The directory of the stores
    #[arg(long, value_name = "DIRECTORY")]
    directory: PathBuf,
    /// Number of entries of each task
    #[arg(long, default_value_t = 1_000_000)]
    entries: u64,
    /// Bytes of an entry, with its key
    #[arg(long, default_value_t = 250)]
    bytes: usize,
    /// Number of tasks that are restored at once
    #[arg(long, default_value_t = 1)]
    tasks: u16,
    /// Number of repetitions
    #[arg(long, default_value_t = 3)]
    repeat: u32,
}

pub(crate) fn measure(options: &Options) -> Result<()> {
    let broker = KafkaBroker::new(KafkaSettings::new(&options.bootstrap_servers))?;
    let settings = fixture::settings("bench-restore", i32::from(options.tasks));
    let plan = fixture::prepare(&broker, &settings)?;
    let changelog = plan.changelogs().into_iter().next().ok_or("a topology without state")?;
    let tasks: Vec<(TaskId, TopicPartition)> = (0..i32::from(options.tasks))
        .map(|partition| (TaskId { processor: "bundle".into(), partition }, TopicPartition::new(&changelog, partition)))
        .collect();
    let entries = Entries::of(options.entries, options.bytes);
    for (task, changelog) in &tasks {
        fill(&broker, changelog, entries, Some(task))?;
    }
    for round in 1..=options.repeat {
        let root = options.directory.join(format!("round-{round}"));
        let stores = RocksStores::open(RocksOptions::new(&root))?;
        let application = Application::new(fixture::topology(&settings)?, settings.clone(), broker.clone(), stores);
        let context = application.prepare(&mut *application.admin()?, TIMEOUT)?;
        let (seconds, cpu) = restore(&context, &tasks)?;
        let all = f64::from(u32::try_from(entries.count * u64::from(options.tasks))?);
        println!(
            "restored {all} entries of {} bytes in {seconds:.2} s: {:.0} entries/s; {cpu:.2} CPU seconds of all threads: \
             {:.0} entries per CPU second",
            options.bytes,
            all / seconds,
            all / cpu
        );
        std::fs::remove_dir_all(&root)?;
    }
    Ok(())
}

/// Restores all tasks; returns the time and the CPU time, in seconds.
fn restore(context: &Context, tasks: &[(TaskId, TopicPartition)]) -> Result<(f64, f64)> {
    let (jobs, received) = mpsc::channel();
    let (reply, replies) = mpsc::channel();
    let mut restorer = Restorer::new(context.clone(), received)?;
    let token = Arc::new(());
    let (started, cpu) = (context.clock.uptime(), cpu_seconds()?);
    for (task, changelog) in tasks {
        let job = Job {
            task: task.clone(),
            epoch: 1,
            changelog: changelog.clone(),
            store: None,
            fresh: false,
            wanted: Arc::downgrade(&token),
            reply: (reply.clone(), Waker::none()),
        };
        jobs.send(job).map_err(|_gone| "the restorer is gone")?;
    }
    let mut done = Vec::new();
    while done.len() < tasks.len() {
        restorer.turn(context.clock.now())?;
        done.extend(replies.try_iter());
    }
    let seconds = context.clock.uptime().saturating_sub(started).as_secs_f64();
    let used = cpu_seconds()? - cpu;
    let said = format!("{done:?}");
    if said.contains("Err(") { Err(said.into()) } else { Ok((seconds, used)) }
}

/// CPU time of this process so far, user and system, of all threads.
fn cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("a line of /proc/self/stat without a name")?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || -> Result<f64> { Ok(fields.next().ok_or("a short line of /proc/self/stat")?.parse()?) };
    Ok((next()? + next()?) / 100.0)
}
