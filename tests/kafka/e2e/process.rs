//! A process of the real binary, which ends with its test.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::super::cluster::root;

/// The time-out of every step of a test, on a machine with 2 busy cores.
pub(crate) const LIMIT: Duration = Duration::from_mins(3);

/// The pause between attempts; an attempt may create a client, and the machine is small.
const PAUSE: Duration = Duration::from_millis(200);

/// A running process. It is killed when dropped, and when this process ends.
pub(crate) struct Process {
    child: Child,
    /// A shell that kills the process when its standard input, a pipe from here, is closed.
    watchdog: Child,
    log: PathBuf,
}

impl Process {
    /// Starts the binary, or another one, with these arguments and variables; its log lines go to the file.
    pub(crate) fn start(
        other: Option<PathBuf>,
        arguments: &[&str],
        environment: &[(&str, &str)],
        log: PathBuf,
    ) -> Self {
        let file = File::create(&log).expect("a log");
        let child = Command::new(other.unwrap_or_else(binary))
            .args(arguments)
            .current_dir(root())
            .env_remove("SHEAF_LOG")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .process_group(0)
            .spawn()
            .expect("the binary");
        let watchdog = Command::new("sh")
            .args(["-c", r#"read -r _; kill -9 "$0""#, &child.id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("sh");
        Self { child, watchdog, log }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(id, signal).expect("the process exists");
    }

    /// Kills it as a crash does, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    /// The exit status; `None` while it runs.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a status")
    }

    /// Waits for its end; returns its exit code.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        until("the process ends", || self.ended().is_some());
        self.ended().and_then(|status| status.code())
    }

    /// Sends SIGTERM; returns its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.exit_code()
    }

    /// The path of its log.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// The text of its log so far.
    pub(crate) fn log_text(&self) -> String {
        std::fs::read_to_string(&self.log).expect("its log")
    }

    /// Waits until its log has this text.
    pub(crate) fn wait_for_log(&mut self, words: &str) {
        until(&format!("the log says `{words}`"), || {
            let log_text = self.log_text();
            assert!(log_text.contains(words) || self.ended().is_none(), "it ended without logging `{words}`");
            log_text.contains(words)
        });
    }

    /// The address of its HTTP server, which its log tells.
    pub(crate) fn address(&self) -> String {
        self.try_address().unwrap_or_else(|| panic!("no address: {}", self.log_text()))
    }

    fn try_address(&self) -> Option<String> {
        let log_text = self.log_text();
        let (_, rest) = log_text.split_once(r#""address":""#)?;
        Some(rest.split_once('"')?.0.to_owned())
    }

    /// The status and the body of an HTTP answer; `None` while it does not answer.
    pub(crate) fn http_get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(self.try_address()?).ok()?;
        // A paused process accepts the connection and does not answer.
        stream.set_read_timeout(Some(Duration::from_secs(2))).expect("a time-out");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: sheaf\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        Some((status, body.to_owned()))
    }

    /// The body of an HTTP answer with the status 200; `None` for any other and while nothing answers.
    fn get(&self, path: &str) -> Option<String> {
        self.http_get(path).filter(|(status, _)| *status == 200).map(|(_, body)| body)
    }

    /// Waits until `/readyz` answers 200.
    pub(crate) fn ready(&mut self) {
        until("the instance is ready", || self.is_ready());
    }

    /// True if `/readyz` answers 200; a process that has ended fails the test.
    pub(crate) fn is_ready(&mut self) -> bool {
        assert!(self.ended().is_none(), "it ended: {}", self.log_text());
        self.get("/readyz").is_some()
    }

    /// The sum of a metric's series whose labels contain this text.
    pub(crate) fn metric(&self, name: &str, labels: &str) -> f64 {
        self.try_metric(name, labels).unwrap_or_else(|| panic!("no metrics: {}", self.log_text()))
    }

    /// The same; `None` while it does not answer.
    pub(crate) fn try_metric(&self, name: &str, labels: &str) -> Option<f64> {
        let text = self.get("/metrics")?;
        let is_of = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        let values = text.lines().filter(is_of).filter(|line| line.contains(labels));
        Some(values.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // First the watchdog: after the end of the process its id may be reused.
        for child in [&mut self.watchdog, &mut self.child] {
            let (Ok(()) | Err(_)) = child.kill();
            let (Ok(_) | Err(_)) = child.wait();
        }
        if std::thread::panicking() {
            let log_text = self.log_text();
            let lines: Vec<&str> = log_text.lines().collect();
            let last = lines.get(lines.len().saturating_sub(40)..).unwrap_or_default().join("\n");
            println!("--- the end of {}\n{last}", self.log.display());
        }
    }
}

/// The binary under test: cargo's, or the copy by `scripts/soak`.
pub(super) fn binary() -> PathBuf {
    std::env::var_os("SHEAF_TEST_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_sheaf").into(), PathBuf::from)
}

/// Repeats until the condition is true; fails at the time-out.
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LIMIT, "timed out waiting until {what}");
        std::thread::sleep(PAUSE);
    }
}
