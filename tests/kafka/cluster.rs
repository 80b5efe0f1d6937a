//! A real Kafka on loopback that stops with the process that started it, however that ends.
//!
//! Each cluster has a *watchdog*: a shell that waits for the end of its standard input, which is a pipe from this process,
//! and then runs `scripts/kafka stop --wipe`. The system closes the pipe when this process ends: regularly, by a panic,
//! by Ctrl-C (the watchdog has its own process group) or by `kill -9`. The watchdog is started before the first broker.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use std::os::unix::process::CommandExt as _;

use rustix::process::{Pid, Signal, kill_process};

/// The end of a cluster: its data is wiped.
const WIPE: &str = r#"read -r _; exec "$0" stop --wipe --dir "$1""#;

/// A running cluster; dropping it stops it.
pub(crate) struct KafkaCluster {
    bootstrap_servers: String,
    directory: PathBuf,
    /// A flag for the JVM of its brokers, or nothing.
    flag: String,
    watchdog: Child,
}

impl KafkaCluster {
    /// Starts a cluster of 1 or 3 brokers on free ports, with an empty directory.
    pub(crate) fn start(brokers: u32) -> Self {
        let directory = tempfile::Builder::new().prefix("sheaf-kafka-").tempdir().expect("a directory").keep();
        Self::start_in((directory, WIPE), brokers, &[], "")
    }

    /// Starts a broker with further settings, as `scripts/kafka start --set` takes them.
    pub(crate) fn start_with(settings: &[&str]) -> Self {
        Self::start_with_java(settings, "")
    }

    /// Starts a broker with a second listener, with a login by this protocol and mechanism, and further settings; `flag` is one of the broker's
    /// JVM, or nothing. Returns the address of the listener, too.
    pub(crate) fn start_with_login(
        (protocol, mechanism): (&str, &str),
        settings: &[String],
        flag: &str,
    ) -> (Self, String) {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
        let listeners = format!("PLAINTEXT://127.0.0.1:{{port}},LOGIN://localhost:{port}");
        let of_login = [
            format!("listeners={listeners},CONTROLLER://127.0.0.1:{{controller}}"),
            format!("advertised.listeners={listeners}"),
            format!("listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,LOGIN:{protocol}"),
            format!("sasl.enabled.mechanisms={mechanism}"),
        ];
        let settings: Vec<&str> = of_login.iter().chain(settings).map(String::as_str).collect();
        (Self::start_with_java(&settings, flag), format!("localhost:{port}"))
    }

    /// Starts a broker with further settings, and a flag for its JVM.
    fn start_with_java(settings: &[&str], flag: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("sheaf-kafka-").tempdir().expect("a directory").keep();
        Self::start_in((directory, WIPE), 1, settings, flag)
    }

    /// The same in a persistent directory, with the data in it.
    pub(crate) fn start_persistent(directory: PathBuf, brokers: u32, settings: &[&str]) -> Self {
        Self::start_in((directory, r#"read -r _; exec "$0" stop --dir "$1""#), brokers, settings, "")
    }

    fn start_in((directory, at_the_end): (PathBuf, &str), brokers: u32, settings: &[&str], flag: &str) -> Self {
        let watchdog = Command::new("sh")
            .args(["-c", at_the_end])
            .args([script().as_os_str(), directory.as_os_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("sh");
        let flag = flag.to_owned();
        let mut cluster = Self { bootstrap_servers: String::new(), directory, flag, watchdog };
        let brokers = brokers.to_string();
        let mut options = vec!["--brokers", &brokers, "--port", "0"];
        options.extend(settings.iter().flat_map(|setting| ["--set", *setting]));
        cluster.bootstrap_servers = cluster.up(&options);
        cluster
    }

    /// `host:port`, comma-separated.
    pub(crate) fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    /// Stops all brokers and keeps their data.
    pub(crate) fn stop(&self) {
        self.run("stop", &[]);
    }

    /// Starts the brokers again, on the same ports, with the same data.
    pub(crate) fn start_again(&self) {
        self.up(&[]);
    }

    /// Stops one broker in order, and keeps its data.
    pub(crate) fn stop_node(&self, node: u32) {
        self.run("stop", &["--node", &node.to_string()]);
    }

    /// Kills one broker.
    pub(crate) fn kill_node(&self, node: u32) {
        let file = self.directory.join(format!("node-{node}/pid"));
        let id = std::fs::read_to_string(file).expect("its process id").trim().parse().expect("a number");
        let id = Pid::from_raw(id).expect("a process id");
        kill_process(id, Signal::KILL).expect("the process exists");
    }

    /// Starts one broker again, with the same data.
    pub(crate) fn start_node(&self, node: u32) {
        self.up(&["--node", &node.to_string()]);
    }

    fn up(&self, options: &[&str]) -> String {
        let output_text = self.run("start", options);
        let last = output_text.lines().last().unwrap_or_default();
        last.strip_prefix("bootstrap_servers=")
            .unwrap_or_else(|| panic!("scripts/kafka start printed {output_text}"))
            .to_owned()
    }

    fn run(&self, command: &str, options: &[&str]) -> String {
        let output = Command::new(script())
            .arg(command)
            .args(options)
            .arg("--dir")
            .arg(&self.directory)
            .envs(Some(("SHEAF_KAFKA_OPTS", &self.flag)).filter(|(_, flag)| !flag.is_empty()))
            .stdin(Stdio::null())
            .output()
            .expect("scripts/kafka");
        assert!(output.status.success(), "scripts/kafka {command}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }
}

impl Drop for KafkaCluster {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        self.watchdog.wait().expect("the watchdog ends");
    }
}

/// The cluster that the tests of this process share; `None`, with a printed line, if tests on real Kafka are skipped.
pub(crate) fn shared() -> Option<&'static str> {
    // A static is never dropped, but its pipe is closed at the end of the process, which the watchdog waits for.
    static SHARED: OnceLock<KafkaCluster> = OnceLock::new();
    if is_skipped() { None } else { Some(SHARED.get_or_init(|| KafkaCluster::start(1)).bootstrap_servers()) }
}

/// True, with a printed line, if `SHEAF_TEST_KAFKA=0`.
#[expect(clippy::disallowed_methods, reason = "a test's switch, not a setting of the program")]
pub(crate) fn is_skipped() -> bool {
    let out = std::env::var("SHEAF_TEST_KAFKA").is_ok_and(|value| value == "0");
    if out {
        println!("skipped: SHEAF_TEST_KAFKA=0 leaves out what needs a real Kafka");
    }
    out
}

fn script() -> PathBuf {
    root().join("scripts/kafka")
}

/// The directory of scripts and templates: the working tree, or the copy by `scripts/soak`.
#[expect(clippy::disallowed_methods, reason = "a test's switch, not a setting of the program")]
pub(crate) fn root() -> PathBuf {
    std::env::var_os("SHEAF_TEST_ROOT").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).to_owned(), PathBuf::from)
}

#[test]
fn a_cluster_ends_with_its_owner() {
    if is_skipped() {
        return;
    }
    let cluster = KafkaCluster::start(1);
    let directory = cluster.directory.clone();
    assert!(directory.join("cluster").exists());
    drop(cluster);
    assert!(!directory.exists(), "the data is wiped once the broker has ended");
}
