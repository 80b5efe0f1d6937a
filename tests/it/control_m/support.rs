//! A sink, a simulator and a clock that a test moves.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test support fails by panicking")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use sheaf::mock::control_m::{Action, Fault, Simulator, SimulatorHandle, SimulatorSettings};
use sheaf::model::{Act, ActSlot, Clock, Key, Outcome, Sink, Target, TaskId, Timestamp, Verdict};
use sheaf::processor::delivery::control_m::{Answer, Request};
use sheaf::secret::Secret;
use sheaf::sink::control_m::{ControlM, Settings};
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;

/// How long a test waits for what must come; a test that reaches it has failed.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// A clock that stands still until it is moved; the wall and the uptime move together.
#[derive(Debug, Default)]
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + self.0.load(Ordering::SeqCst))
    }

    fn uptime(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.load(Ordering::SeqCst)).unwrap())
    }
}

/// A sink wired to a simulator.
pub(crate) struct Bench {
    pub(crate) runtime: Runtime,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) simulator: SimulatorHandle,
    pub(crate) sink: ControlM,
}

/// A runtime, because each test has its own.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub(crate) fn settings(base_url: &str) -> Settings {
    Settings::new(base_url, Secret::new("k-1".to_owned()))
}

impl Bench {
    /// A simulator that shows folders after 10 s of its clock and knows one key.
    pub(crate) fn new() -> Self {
        Self::with(|settings| settings, |settings| settings)
    }

    pub(crate) fn with(
        tune_sink: impl FnOnce(Settings) -> Settings,
        tune_simulator: impl FnOnce(SimulatorSettings) -> SimulatorSettings,
    ) -> Self {
        let (runtime, clock) = (runtime(), Arc::new(ManualClock::default()));
        let mut of_simulator = SimulatorSettings::new(clock.clone(), 7);
        of_simulator.visibility_lag = Duration::from_secs(10)..=Duration::from_secs(10);
        of_simulator.api_keys = vec![Secret::new("k-1".to_owned())];
        let simulator = Simulator::start(tune_simulator(of_simulator), runtime.handle()).unwrap();
        let of_sink = tune_sink(settings(&simulator.base_url()));
        let sink = ControlM::new(&of_sink, runtime.handle().clone(), clock.clone()).unwrap();
        Self { runtime, clock, simulator, sink }
    }

    pub(crate) fn submit(&self, folder: &str) -> Verdict {
        run(&self.sink, &submit(folder))
    }

    /// A sink with the bench's clock on another server.
    pub(crate) fn sink(&self, settings: &Settings) -> ControlM {
        ControlM::new(settings, self.runtime.handle().clone(), self.clock.clone()).unwrap()
    }

    pub(crate) fn look_up(&self, folder: &str) -> Verdict {
        run(&self.sink, &look_up(folder))
    }

    /// What a submit comes to when every one meets `action`.
    pub(crate) fn submit_under(&self, action: Action) -> Verdict {
        self.simulator.inject(Fault::once("POST", "/run/ondemand", action));
        self.submit("folder-a")
    }

    pub(crate) fn submits(&self) -> BTreeMap<String, u64> {
        self.simulator.dump().folders.into_iter().map(|(name, folder)| (name, folder.submits)).collect()
    }
}

pub(crate) fn submit(folder: &str) -> String {
    let job = serde_json::json!({ "Type": "Job:Command", "Command": "true" });
    let folder_body = serde_json::json!({ "Type": "Folder", "ControlmServer": "smprod", "appl": job });
    let definition = serde_json::json!({ folder: folder_body }).to_string();
    serde_json::to_string(&Request::Submit { folder: folder.to_owned(), definition }).unwrap()
}

pub(crate) fn look_up(folder: &str) -> String {
    serde_json::to_string(&Request::LookUp { folder: folder.to_owned(), server: "smprod".to_owned() }).unwrap()
}

/// Begins an act and returns where its outcome arrives.
pub(crate) fn begin(sink: &ControlM, request: &str, expires_at: Duration) -> mpsc::Receiver<Outcome> {
    let (report, outcome) = mpsc::channel();
    let task = TaskId { processor: Arc::from("delivery"), partition: 0 };
    let act = Act {
        slot: ActSlot(1),
        attempt: 3,
        to: Target::new("control_m"),
        valid_for: Duration::from_mins(1),
        request: request.to_owned(),
    };
    sink.execute(&task, &Key::new("a"), act, expires_at, Box::new(move |outcome| report.send(outcome).unwrap()));
    outcome
}

/// Executes an act that does not expire and waits for its verdict.
pub(crate) fn run(sink: &ControlM, request: &str) -> Verdict {
    let outcome = begin(sink, request, Duration::MAX).recv_timeout(LONG).expect("an act always has an outcome");
    assert_eq!((outcome.slot, outcome.attempt), (ActSlot(1), 3));
    outcome.verdict
}

pub(crate) fn answer(verdict: &Verdict) -> Answer {
    let Verdict::Answered(json) = verdict else { panic!("not an answer: {verdict:?}") };
    serde_json::from_str(json).unwrap()
}

pub(crate) fn is_unknown(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Unknown(_))
}

pub(crate) fn is_not_sent(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::NotSent(_))
}

/// A port where nobody listens, and nobody else can while it is held: it is bound and does not listen.
pub(crate) fn deaf_port() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// What a [`RawServer`] does around its answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Answers at once and closes.
    Close,
    /// Waits for [`RawServer::release`] before each answer, and keeps the connection open after it.
    Hold,
}

/// A server that reads one request of each connection to its end and answers with raw bytes.
pub(crate) struct RawServer {
    pub(crate) base_url: String,
    requests: mpsc::Receiver<String>,
    release: mpsc::Sender<()>,
}

impl RawServer {
    pub(crate) fn start(raw: &[u8], manner: Manner) -> Self {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let base_url = format!("http://{}/automation-api", listener.local_addr().unwrap());
        let (seen, requests) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let raw = raw.to_vec();
        // The thread ends with the test's process; it holds nothing but its sockets.
        thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let goes_on = seen.send(read_request(&mut stream)).is_ok();
                if !goes_on || (manner == Manner::Hold && released.recv().is_err()) {
                    return;
                }
                // The client may be gone; it says itself what it saw.
                drop(stream.write_all(&raw));
                if manner == Manner::Hold {
                    held.push(stream);
                }
            }
        });
        Self { base_url, requests, release }
    }

    /// Lets one held answer go, the present one or the next.
    pub(crate) fn release(&self) {
        self.release.send(()).unwrap();
    }

    /// The next request, as text.
    pub(crate) fn request(&self) -> String {
        self.requests.recv_timeout(LONG).expect("a request comes")
    }

    /// How many requests came and were not taken by [`RawServer::request`].
    pub(crate) fn count(&self) -> usize {
        self.requests.try_iter().count()
    }
}

/// A whole answer to a submit.
pub(crate) const ACCEPTED: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"runId\":\"r\"}";

/// Waits until something is true, which it must become.
pub(crate) fn until(condition: impl Fn() -> bool) {
    for _ in 0..30_000 {
        if condition() {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("it did not become true");
}

/// Reads the head, and as many bytes of a body as it announces.
fn read_request(stream: &mut impl Read) -> String {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return text,
            Ok(read) => bytes.extend(chunk.iter().take(read)),
        }
    }
}
