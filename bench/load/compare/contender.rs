//! The contenders and their processes.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::Options;
use super::clock::{now, pause, since};
use super::server::Server;
use crate::Result;
use crate::process;

/// The consumer group of each contender.
pub(crate) const GROUP: &str = "bench";
/// The time-out of a start, including a restore.
const START_MAX: Duration = Duration::from_mins(10);
/// The time-out of an orderly stop.
const STOP_MAX: Duration = Duration::from_secs(90);
/// The interval of checks during a start.
const CHECK_INTERVAL: Duration = Duration::from_millis(10);

/// A program under measurement, with its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Contender {
    /// sheaf with its default settings.
    Sheaf,
    /// Kafka Streams with its default settings: a commit every 100 ms.
    Peer,
    /// Kafka Streams for throughput: record caches, binary JSON for its internal topics, lz4, a small heap.
    Tuned,
    /// Kafka Streams for latency: a commit every 5 ms.
    Quick,
}

impl Contender {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sheaf => "sheaf",
            Self::Peer => "Kafka Streams",
            Self::Tuned => "Kafka Streams, tuned",
            Self::Quick => "Kafka Streams, 5 ms",
        }
    }

    /// Its inbox (repartition topic).
    pub(crate) const fn inbox(self) -> &'static str {
        match self {
            Self::Sheaf => "bench-bundle-inbox",
            Self::Peer | Self::Tuned | Self::Quick => "bench-members-repartition",
        }
    }

    /// The flags of Java.
    const fn java(self) -> &'static [&'static str] {
        match self {
            Self::Tuned => &["-Xmx512m", "-XX:+UseParallelGC"],
            Self::Sheaf | Self::Peer | Self::Quick => &[],
        }
    }

    /// Settings of Kafka Streams and of the peer. All have static membership, as sheaf.
    const fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Tuned => &["peer.internal=SMILE", "peer.caching=true", "producer.compression.type=lz4"],
            Self::Quick => &["commit.interval.ms=5"],
            Self::Sheaf | Self::Peer => &[],
        }
    }

    fn command(self, options: &Options, server: &Server) -> Result<Command> {
        if self == Self::Sheaf {
            let config = options.work.join("sheaf.yaml");
            std::fs::write(options.work.join("topology.yaml"), TOPOLOGY)?;
            std::fs::write(
                &config,
                format!(
                    "application_id: {GROUP}\ninstance_id: a\nkafka: {{ bootstrap_servers: \"{}\" }}\nstate_dir: {}\n\
                     http: {{ bind: \"127.0.0.1:0\" }}\ntopologies: [{}]\n",
                    server.servers,
                    options.state().display(),
                    options.work.join("topology.yaml").display(),
                ),
            )?;
            let mut command = Command::new(&options.sheaf);
            command.arg("run").arg("-c").arg(config);
            for setting in &options.set {
                command.arg("--set").arg(setting);
            }
            // Variables of scripts/kafka are no settings of sheaf, which refuses unknown ones.
            command.env_remove("SHEAF_KAFKA_OPTS").env_remove("SHEAF_KAFKA_LIBS");
            return Ok(command);
        }
        let mut command = Command::new("java");
        command
            .args(self.java())
            .arg("-cp")
            .arg(format!("{}/*", options.jars.display()))
            .arg("sheaf.peer.Peer")
            .arg(format!("application.id={GROUP}"))
            .arg(format!("bootstrap.servers={}", server.servers))
            .arg(format!("state.dir={}", options.state().display()))
            .arg("group.instance.id=a")
            .args(self.settings());
        Ok(command)
    }
}

const TOPOLOGY: &str = "name: bench
sources:
  - { topic: ctm-parent-events,   member: parent, bundle: /id,        id: /id, expects: /children }
  - { topic: ctm-children-events, member: child,  bundle: /parent_id, id: /id, position: /position }
bundle: { children: 1, sla: 24h }
submissions: ctm-submissions
";

/// A contender's process; killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    contender: Contender,
    child: Child,
    log: PathBuf,
    servers: String,
    perf: Option<Child>,
    /// The start time, on the uptime clock.
    pub(crate) started: Duration,
}

impl Process {
    /// Starts it with the state of its predecessor on the same broker.
    pub(crate) fn start(contender: Contender, options: &Options, server: &Server) -> Result<Self> {
        let log = options.work.join("contender.log");
        let mut command = contender.command(options, server)?;
        let file = File::create(&log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let started = now();
        let child = command.spawn().map_err(|error| format!("{} does not start: {error}", contender.name()))?;
        // bench/run kills it by this file when it is interrupted.
        std::fs::write(options.work.join("contender.pid"), child.id().to_string())?;
        let perf = match (&options.perf, contender) {
            (Some(file), Contender::Sheaf) => Some(perf(file, child.id())?),
            _ => None,
        };
        Ok(Self { contender, child, log, servers: server.servers.clone(), perf, started })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// An error with its log if it has ended by itself.
    pub(crate) fn is_alive(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                let log = std::fs::read_to_string(&self.log)?;
                Err(format!("{} has ended by itself, {status}:\n{log}", self.contender.name()).into())
            }
        }
    }

    /// Waits until its state is restored and it processes; returns the seconds since its start.
    pub(crate) fn ready(&mut self) -> Result<f64> {
        while !self.is_ready()? {
            self.is_alive()?;
            if now().saturating_sub(self.started) > START_MAX {
                return Err(format!("{} is not ready after {START_MAX:?}", self.contender.name()).into());
            }
            pause(CHECK_INTERVAL);
        }
        Ok(since(self.started))
    }

    fn is_ready(&self) -> Result<bool> {
        let log = std::fs::read_to_string(&self.log)?;
        if self.contender != Contender::Sheaf {
            return Ok(log.lines().any(|line| line == "state RUNNING"));
        }
        let mut addresses = log.match_indices("127.0.0.1:").filter_map(|(at, _)| {
            let rest = log.get(at..)?;
            let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':')).unwrap_or(rest.len());
            rest.get(..end)
        });
        let Some(http) = addresses.find(|address| *address != self.servers) else { return Ok(false) };
        let Ok(http) = http.parse() else { return Ok(false) };
        Ok(process::get(http, "/readyz")
            .is_ok_and(|answer| answer.lines().next().is_some_and(|line| line.contains(" 200 "))))
    }

    /// Stops it in order.
    pub(crate) fn stop(mut self) -> Result<()> {
        signal("-TERM", self.child.id())?;
        let asked = now();
        while self.child.try_wait()?.is_none() {
            if now().saturating_sub(asked) > STOP_MAX {
                return Err(format!("{} does not end within {STOP_MAX:?}", self.contender.name()).into());
            }
            pause(CHECK_INTERVAL);
        }
        Ok(())
    }

    /// Kills it with -9.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(perf) = &mut self.perf {
            // perf writes its data at SIGINT.
            let (Ok(()) | Err(_)) = signal("-INT", perf.id());
            let (Ok(_) | Err(_)) = perf.wait();
        }
        // An error means that it has ended already.
        let (Ok(()) | Err(_)) = self.child.kill();
        let (Ok(_) | Err(_)) = self.child.wait();
    }
}

fn perf(file: &Path, pid: u32) -> Result<Child> {
    let pid = pid.to_string();
    let child = Command::new("perf")
        .args(["record", "-q", "-F", "199", "--call-graph", "dwarf,16384", "-p", &pid, "-o"])
        .arg(file)
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| format!("perf does not start: {error}"))?;
    Ok(child)
}

fn signal(name: &str, pid: u32) -> Result<()> {
    let status = Command::new("kill").args([name, &pid.to_string()]).status()?;
    if status.success() { Ok(()) } else { Err(format!("process {pid} takes no {name}").into()) }
}
