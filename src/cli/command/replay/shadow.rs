//! `sheaf replay shadow`: what another topology would have done.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::start::From;
use crate::app::{self, ApplicationSpec, Secrets, TopologyFile};
use crate::cli::exit::Failure;
use crate::cli::load::{self, TopologyArgs};
use crate::cli::output::{Column, OutputArgs, print_stderr};
use crate::cli::progress::Progress;
use crate::model::{Clock as _, Timestamp};
use crate::runtime::SystemClock;
use crate::runtime::replay::Start;
use crate::testing::shadow::{Compared, Difference, Played, Shadow, ShadowError, Window};

const COLUMNS: &[Column] = &[("key", "/key"), ("difference", "/difference"), ("fields", "/fields")];

/// Options of `sheaf replay shadow`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The records of the sources are read, without a group, and played in memory by the clock of their timestamps. What the topology would \
have written is compared with what the application has written in that time. Nothing is written to the cluster, and the instances may \
run meanwhile. The exit code is 0 without differences, and 1 with some.

  sheaf replay shadow --from 7d --with topologies/next.yaml
  sheaf replay shadow --from 2026-11-28T00:00:00Z --until 2026-11-29T00:00:00Z --with topologies/next.yaml -o json

Without --with the topology of the configuration is played: it has no differences, unless it was changed since. What has begun before \
the window is not compared.")]
pub(in crate::cli::command) struct ShadowArgs {
    #[command(flatten)]
    topology: TopologyArgs,
    /// The topology file that is played
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
    /// The processor
    #[arg(long, value_name = "NAME", default_value = "bundle")]
    processor: String,
    /// The begin of the window: `earliest`, a time, or a duration before now
    #[arg(long, value_name = "WHEN")]
    from: From,
    /// The end of the window: a time; by default now
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// The most records; of more, a share of the entries is played
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    records_max: usize,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn main(args: &ShadowArgs) -> Result<ExitCode, Failure> {
    let ApplicationSpec { config, file, .. } = load::only(&args.topology)?;
    let running = file.assemble(&config)?;
    let candidate = args.with.as_deref().map(TopologyFile::read).transpose()?;
    let topology = candidate.as_ref().unwrap_or(&file).assemble(&config)?;
    let node = running.nodes.iter().find(|node| *node.name == *args.processor);
    let real = node.and_then(|node| node.outputs.first()).map(|output| output.topic.clone());
    let real = real.ok_or_else(|| {
        Failure::Usage(format!("error: the topology has no processor `{}` that writes records", args.processor))
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let broker = app::broker(&config, &Secrets::new(runtime.handle()), None)?;
    let now = SystemClock.now();
    let from = match args.from.start(now) {
        Start::Since(at) => at,
        Start::Earliest | Start::Offsets(_) => Timestamp::from_millis(0),
    };
    let shadow = Shadow {
        broker: &broker,
        timeout: app::settings(&config, String::new()).limits.broker_timeout,
        topology: &topology,
        processor: &args.processor,
        application: &config.application_id,
        real: &real,
        from,
        until: args.until.unwrap_or(now).min(now),
        records_max: args.records_max,
    };
    let mut bar: Option<(&'static str, Progress)> = None;
    let (window, played, compared) = shadow.run(&mut |what, done, all| {
        if bar.as_ref().is_none_or(|(known, _)| *known != what) {
            bar = Some((what, Progress::new(what, all)));
        }
        if let Some((_, progress)) = &mut bar {
            progress.at(u64::try_from(done).unwrap_or(u64::MAX), "");
        }
    })?;
    drop(bar);
    for line in told(&window, &played, &compared) {
        print_stderr(&line);
    }
    let is_same = compared.differences.is_empty();
    args.output.print(compared.differences.iter().map(shown).collect(), COLUMNS);
    Ok(if is_same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What was played, and what came out.
fn told(window: &Window, played: &Played, compared: &Compared) -> Vec<String> {
    let Compared { same, began_before, differences } = compared;
    let listed = |counts: &std::collections::BTreeMap<String, usize>| {
        let counts = counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>();
        if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }
    };
    let mut lines = vec![format!("played {} of {} records", window.records.len(), window.offsets)];
    if window.share > 1 {
        lines.push(format!("  of {} entries one, by its key: raise --records-max to play more", window.share));
    }
    lines.push(format!("would be written: {}; alerts: {}", played.outputs.len(), listed(&played.alerts)));
    lines.push(format!("would be dead letters: {}", listed(&played.dead_letters)));
    lines.push(format!(
        "the same as was written: {same}; different: {}; begun before the window, and not compared: {began_before}",
        differences.len()
    ));
    lines
}

fn shown(difference: &Difference) -> Value {
    match difference {
        Difference::New { key } => json!({ "key": key, "difference": "would be new", "fields": "" }),
        Difference::Missing { key } => json!({ "key": key, "difference": "would be missing", "fields": "" }),
        Difference::Changed { key, fields } => {
            json!({ "key": key, "difference": "would be different", "fields": fields.join(", ") })
        }
    }
}

impl std::convert::From<ShadowError> for Failure {
    fn from(error: ShadowError) -> Self {
        match error {
            ShadowError::Broker(error) => error.into(),
            unknown @ ShadowError::NoProcessor(_) => Self::Usage(format!("error: {unknown}")),
            other @ (ShadowError::Driver(_) | ShadowError::NoTopic(_)) => Self::Failed(other.into()),
        }
    }
}
