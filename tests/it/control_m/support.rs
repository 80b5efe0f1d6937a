//! The fixture: a sink, a simulator and a manual clock; and a server with raw answers.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test support fails by panicking")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use sheaf::mock::control_m::{Action, Fault, Simulator, SimulatorHandle, SimulatorSettings};
use sheaf::model::{Act, ActSlot, Clock, Execution, Key, Outcome, Sink, Target, TaskId, Timestamp, Verdict};
use sheaf::processor::delivery::control_m::{Answer, Request};
use sheaf::secret::Secret;
use sheaf::sink::control_m::{ControlM, Settings};
use sheaf::sink::{BreakerLimits, Limits};
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;

/// The time-out of events that must happen; a test that reaches it has failed.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// A clock that only moves when it is advanced; wall clock and uptime move together.
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

/// A sink connected to a simulator.
pub(crate) struct Fixture {
    pub(crate) runtime: Runtime,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) simulator: SimulatorHandle,
    pub(crate) sink: ControlM,
}

/// A runtime; each test has its own.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// The limits with this number of calls at once and this interval between probes.
pub(crate) fn probing(in_flight_max: usize, interval: Duration) -> Limits {
    // Most tests have more failures than a server usually has.
    let breaker = BreakerLimits { failures: u32::MAX, pause: interval, pause_max: interval };
    Limits { breaker, ..Limits::new(in_flight_max) }
}

pub(crate) fn settings(base_url: &str) -> Settings {
    let soon = Duration::from_millis(10);
    let key = Secret::new("k-1".to_owned());
    Settings { limits: probing(16, soon), ..Settings::new(base_url, key) }
}

impl Fixture {
    /// A simulator with a visibility lag of 10 s and one API key.
    pub(crate) fn new() -> Self {
        Self::with(|settings| settings, |settings| settings)
    }

    pub(crate) fn with(
        change_sink: impl FnOnce(Settings) -> Settings,
        change_simulator: impl FnOnce(SimulatorSettings) -> SimulatorSettings,
    ) -> Self {
        let (runtime, clock) = (runtime(), Arc::new(ManualClock::default()));
        let mut of_simulator = SimulatorSettings::new(clock.clone(), 7);
        of_simulator.visibility_lag = Duration::from_secs(10)..=Duration::from_secs(10);
        of_simulator.api_keys = vec![Secret::new("k-1".to_owned())];
        let simulator = Simulator::start(change_simulator(of_simulator), runtime.handle()).unwrap();
        let of_sink = change_sink(settings(&simulator.base_url()));
        let sink = ControlM::new(&of_sink, runtime.handle().clone(), clock.clone()).unwrap();
        Self { runtime, clock, simulator, sink }
    }

    pub(crate) fn submit(&self, folder: &str) -> Verdict {
        run(&self.sink, &submit(folder))
    }

    /// A sink for another server, with the fixture's clock.
    pub(crate) fn sink(&self, settings: &Settings) -> ControlM {
        ControlM::new(settings, self.runtime.handle().clone(), self.clock.clone()).unwrap()
    }

    pub(crate) fn look_up(&self, folder: &str) -> Verdict {
        run(&self.sink, &look_up(folder))
    }

    /// The verdict of a submit that meets the fault `action`.
    pub(crate) fn submit_with_fault(&self, action: Action) -> Verdict {
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

/// Starts an act and returns the receiver of its outcome.
pub(crate) fn start(sink: &ControlM, request: &str, expires_at: Duration) -> mpsc::Receiver<Outcome> {
    let (report, outcome) = mpsc::channel();
    let task = TaskId { processor: Arc::from("delivery"), partition: 0 };
    let act = Act {
        slot: ActSlot(1),
        attempt: 3,
        to: Target::new("control_m"),
        valid_for: Duration::from_mins(1),
        request: request.to_owned(),
    };
    let execution = Execution { task, key: Key::new("a"), act, expires_at, trace: None };
    sink.execute(execution, Box::new(move |outcome| report.send(outcome).unwrap()));
    outcome
}

/// Executes an act that does not expire and waits for its verdict.
pub(crate) fn run(sink: &ControlM, request: &str) -> Verdict {
    let outcome = start(sink, request, Duration::MAX).recv_timeout(TIMEOUT).expect("an act always has an outcome");
    assert_eq!((outcome.slot, outcome.attempt), (ActSlot(1), 3));
    outcome.verdict
}

pub(crate) fn answer(verdict: &Verdict) -> Answer {
    let Verdict::Answered(json) = verdict else { panic!("not an answer: {verdict:?}") };
    serde_json::from_str(json).unwrap()
}

/// True if the sink was suspended, so that the call was not made or does not count.
pub(crate) fn is_suspended(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Suspended(_))
}

pub(crate) fn is_unknown(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Unknown(_))
}

pub(crate) fn is_not_sent(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::NotSent(_))
}

/// A port without a listener; it stays bound while the socket is kept, so that no other process listens on it, and no connection
/// that comes from it is connected to itself.
pub(crate) fn closed_port() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// The time of a [`RawServer`]'s answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnswerMode {
    /// Answers at once and closes the connection.
    AtOnce,
    /// Answers after [`RawServer::release`], and keeps the connection open.
    OnRelease,
}

/// A server that reads one request of each connection and answers with raw bytes.
pub(crate) struct RawServer {
    pub(crate) base_url: String,
    requests: mpsc::Receiver<String>,
    release: mpsc::Sender<()>,
}

impl RawServer {
    pub(crate) fn start(raw: &[u8], mode: AnswerMode) -> Self {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let base_url = format!("http://{}/automation-api", listener.local_addr().unwrap());
        let (seen, requests) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let raw = raw.to_vec();
        // The thread ends with the test process; it has only its sockets.
        thread::spawn(move || {
            let mut open = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let is_open = seen.send(read_request(&mut stream)).is_ok();
                if !is_open || (mode == AnswerMode::OnRelease && released.recv().is_err()) {
                    return;
                }
                // The client may have closed the connection; its verdict is what the test checks.
                drop(stream.write_all(&raw));
                if mode == AnswerMode::OnRelease {
                    open.push(stream);
                }
            }
        });
        Self { base_url, requests, release }
    }

    /// Releases one answer, the current one or the next.
    pub(crate) fn release(&self) {
        self.release.send(()).unwrap();
    }

    /// The next request, as text.
    pub(crate) fn request(&self) -> String {
        self.requests.recv_timeout(TIMEOUT).expect("a request arrives")
    }

    /// The number of requests that [`RawServer::request`] has not returned.
    pub(crate) fn count(&self) -> usize {
        self.requests.try_iter().count()
    }
}

/// A complete response to a submit.
pub(crate) const ACCEPTED: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"runId\":\"r\"}";

/// Waits until a condition is true.
pub(crate) fn until(condition: impl Fn() -> bool) {
    for _ in 0..30_000 {
        if condition() {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("timed out waiting for the condition");
}

/// Reads the head, and the body by its content length.
pub(crate) fn read_request(stream: &mut impl Read) -> String {
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
