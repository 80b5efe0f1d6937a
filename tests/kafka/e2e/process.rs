//! A process of the real binary, which never outlives its test.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::super::cluster::root;

/// Nothing in a test takes longer, on a machine with 2 busy cores.
pub(crate) const LIMIT: Duration = Duration::from_mins(3);

/// How long to wait before looking again; a look may take a new client, and the machine is small.
const PAUSE: Duration = Duration::from_millis(200);

/// A running process. Dropping it kills it; so does the end of this process, however that ends.
pub(crate) struct Process {
    child: Child,
    /// A shell that kills the process when its standard input, a pipe from here, is closed.
    keeper: Child,
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
        let keeper = Command::new("sh")
            .args(["-c", r#"read -r _; kill -9 "$0""#, &child.id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("sh");
        Self { child, keeper, log }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(id, signal).expect("it is there");
    }

    /// Kills it as a crash does, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// How it has ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("asked")
    }

    /// Waits for its end and gives its exit code.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        until("the process ends", || self.ended().is_some());
        self.ended().and_then(|status| status.code())
    }

    /// Asks it to end, and gives its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.exit_code()
    }

    /// The file that has everything that it has said.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Everything that it has said so far.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).expect("its log")
    }

    /// Waits until it has said this.
    pub(crate) fn says(&mut self, words: &str) {
        until(&format!("the log says `{words}`"), || {
            let said = self.said();
            assert!(said.contains(words) || self.ended().is_none(), "it ended without saying `{words}`");
            said.contains(words)
        });
    }

    /// The status and the body of an HTTP answer; `None` while nothing answers.
    pub(crate) fn ask(&self, path: &str) -> Option<(u16, String)> {
        let said = self.said();
        let (_, rest) = said.split_once(r#""address":""#)?;
        let (address, _) = rest.split_once('"')?;
        let mut stream = TcpStream::connect(address).ok()?;
        // A stopped process takes the connection and does not answer.
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
        self.ask(path).filter(|(status, _)| *status == 200).map(|(_, body)| body)
    }

    /// Waits until `/readyz` says yes.
    pub(crate) fn ready(&mut self) {
        until("the instance is ready", || self.is_ready());
    }

    /// What `/readyz` says now; a process that has ended fails the test.
    pub(crate) fn is_ready(&mut self) -> bool {
        assert!(self.ended().is_none(), "it ended: {}", self.said());
        self.get("/readyz").is_some()
    }

    /// The sum of a metric's series whose labels contain this text.
    pub(crate) fn metric(&self, name: &str, labels: &str) -> f64 {
        self.metric_if_there(name, labels).unwrap_or_else(|| panic!("no metrics: {}", self.said()))
    }

    /// The same; `None` while nothing answers.
    pub(crate) fn metric_if_there(&self, name: &str, labels: &str) -> Option<f64> {
        let text = self.get("/metrics")?;
        let is_of = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        let values = text.lines().filter(is_of).filter(|line| line.contains(labels));
        Some(values.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // First the keeper: once the process is gone, its id may become another's.
        for child in [&mut self.keeper, &mut self.child] {
            let (Ok(()) | Err(_)) = child.kill();
            let (Ok(_) | Err(_)) = child.wait();
        }
        if std::thread::panicking() {
            let said = self.said();
            let lines: Vec<&str> = said.lines().collect();
            let last = lines.get(lines.len().saturating_sub(40)..).unwrap_or_default().join("\n");
            println!("--- the end of {}\n{last}", self.log.display());
        }
    }
}

/// The binary that is tested: cargo's, or the copy that `scripts/soak` has made.
fn binary() -> PathBuf {
    std::env::var_os("SHEAF_TEST_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_sheaf").into(), PathBuf::from)
}

/// Repeats until it is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LIMIT, "it never came to it that {what}");
        std::thread::sleep(PAUSE);
    }
}
