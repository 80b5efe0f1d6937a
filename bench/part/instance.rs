//! An instance of sheaf as a process.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sheaf::model::Clock;
use sheaf::runtime::SystemClock;

use crate::{Result, usage};

/// The time-out of every wait.
const LIMIT: Duration = Duration::from_mins(5);

/// What is measured, and where.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Target {
    /// Kafka's brokers
    #[arg(long, value_name = "HOST:PORT,..")]
    pub(crate) bootstrap_servers: String,
    /// The directory of stores and logs
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) directory: PathBuf,
    /// The binary of sheaf
    #[arg(long, value_name = "FILE")]
    pub(crate) sheaf: PathBuf,
}

/// The common settings of all instances.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// The application's id.
    pub(crate) application: String,
    /// The text of its topology file.
    pub(crate) topology: String,
    /// More lines of the configuration.
    pub(crate) more: String,
    /// More arguments of the binary.
    pub(crate) arguments: Vec<String>,
    /// The binary.
    pub(crate) sheaf: PathBuf,
    /// The directory of configurations, stores and logs.
    pub(crate) directory: PathBuf,
    /// Kafka's brokers.
    pub(crate) bootstrap_servers: String,
    /// The number of partitions of inboxes and changelogs.
    pub(crate) partitions: i32,
    /// The session time-out.
    pub(crate) session: Duration,
    /// The number of standbys of each task.
    pub(crate) standbys: usize,
}

/// A running instance; killed when dropped.
pub(crate) struct Instance {
    process: Child,
    http: SocketAddr,
    name: String,
}

impl Setup {
    /// An application with this topology file, without standbys.
    pub(crate) fn new(target: &Target, application: &str, (topology, partitions): (&str, i32)) -> Self {
        Self {
            application: application.to_owned(),
            topology: topology.to_owned(),
            more: String::new(),
            arguments: Vec::new(),
            sheaf: target.sheaf.clone(),
            directory: target.directory.clone(),
            bootstrap_servers: target.bootstrap_servers.clone(),
            partitions,
            session: Duration::from_secs(6),
            standbys: 0,
        }
    }

    /// The same with these values of `--set`.
    pub(crate) fn with_settings(self, settings: &[String]) -> Self {
        let arguments = settings.iter().flat_map(|setting| ["--set".to_owned(), setting.clone()]).collect();
        Self { arguments, ..self }
    }
}

impl Instance {
    /// Starts it with its state.
    pub(crate) fn start(setup: &Setup, name: &str) -> Result<Self> {
        let at = |file: String| setup.directory.join(file);
        let topology = at(format!("{name}-topology.yaml"));
        std::fs::write(&topology, &setup.topology)?;
        let http = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let config = at(format!("{name}.yaml"));
        std::fs::write(
            &config,
            format!(
                "application_id: {}\ninstance_id: \"{name}\"\npartitions: {}\nnum_standby_replicas: {}\nstate_dir: {}\n\
                 http: {{ bind: \"{http}\" }}\ntopologies: [{}]\nkafka:\n  bootstrap_servers: \"{}\"\n  \
                 properties: {{ session.timeout.ms: \"{}\" }}\n{}",
                setup.application,
                setup.partitions,
                setup.standbys,
                at(format!("state-{name}")).display(),
                topology.display(),
                setup.bootstrap_servers,
                setup.session.as_millis(),
                setup.more,
            ),
        )?;
        let log = File::options().create(true).append(true).open(at(format!("{name}.log")))?;
        let process = Command::new(&setup.sheaf)
            .args(["run", "-c"])
            .arg(&config)
            .args(&setup.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Self { process, http, name: name.to_owned() })
    }

    /// Stops it with SIGTERM, and waits.
    pub(crate) fn terminate(mut self) -> Result<()> {
        let pid = self.process.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        let status = self.process.wait()?;
        if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", self.name).into()) }
    }

    /// Kills it with -9.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// The sum of a metric over all lines with these words; `None` while it does not answer.
    pub(crate) fn metric(&self, name: &str, words: &[&str]) -> Option<f64> {
        let mut stream = TcpStream::connect_timeout(&self.http, Duration::from_secs(1)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
        // HTTP/1.0 has no chunks: the response ends with the connection.
        write!(stream, "GET /metrics HTTP/1.0\r\nHost: {}\r\n\r\n", self.http).ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let lines = text.lines().filter(|line| line.starts_with(name) && words.iter().all(|word| line.contains(word)));
        Some(lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum())
    }

    /// Its CPU time so far, in seconds.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        usage::cpu_seconds(self.process.id())
    }

    /// A line of its `/proc/PID/status`, in MiB.
    pub(crate) fn memory_mib(&self, line: &str) -> Result<f64> {
        usage::memory_mib(self.process.id(), line)
    }

    /// An error if it has ended.
    pub(crate) fn lives(&mut self) -> Result<()> {
        match self.process.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("{} has ended with {status}; its log tells why", self.name).into()),
        }
    }

    /// Waits until the condition is true.
    pub(crate) fn until(&mut self, what: &str, holds: impl Fn(&Self) -> Option<bool>) -> Result<()> {
        let limit = SystemClock.uptime() + LIMIT;
        while holds(self) != Some(true) {
            self.lives()?;
            if SystemClock.uptime() > limit {
                return Err(format!("{}: waited {} s until {what}", self.name, LIMIT.as_secs()).into());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let (Ok(()) | Err(_)) = self.process.kill();
        let (Ok(_) | Err(_)) = self.process.wait();
    }
}
