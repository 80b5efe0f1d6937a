//! Messages to people about alerts: the sinks against real servers on the loopback, the processor in a cluster in memory, the
//! command.

mod command;
pub(crate) mod fixture;
pub(crate) mod http_server;
mod mail;
mod page;
mod smtp_server;
mod webhook;
mod world;

use std::sync::{Arc, mpsc};
use std::time::Duration;

use sheaf::metric::{Build, Declared, Metrics};
use sheaf::model::{Act, ActSlot, Execution, Key, Sink, Target, TaskId, Verdict};
use sheaf::processor::call::{Answer, Request};
use sheaf::runtime::SystemClock;
use sheaf::sink::Calls;
use tokio::runtime::Runtime;

/// The longest wait for what must happen.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A runtime; each test has its own.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub(crate) fn calls(runtime: &Runtime) -> Calls {
    let metrics = Arc::new(Metrics::new("ctm", &Build::default(), Declared::default()).unwrap());
    Calls { handle: runtime.handle().clone(), clock: Arc::new(SystemClock), metrics }
}

/// Executes an act with this request and waits for its verdict.
pub(crate) fn run(sink: &dyn Sink, request: &Request, expires_at: Duration) -> Verdict {
    let (report, outcome) = mpsc::channel();
    let (to, valid_for, request) = (Target::new("ops"), Duration::from_mins(1), request.encode());
    let act = Act { slot: ActSlot(1), attempt: 3, to, valid_for, request };
    let task = TaskId { processor: Arc::from("notification"), partition: 0 };
    let done = Box::new(move |outcome| report.send(outcome).unwrap());
    sink.execute(Execution { task, key: Key::new("a"), act, expires_at, trace: None }, done);
    let outcome = outcome.recv_timeout(TIMEOUT).expect("an act always has an outcome");
    assert_eq!((outcome.slot, outcome.attempt), (ActSlot(1), 3));
    outcome.verdict
}

fn answer(verdict: &Verdict) -> Answer {
    let Verdict::Answered(json) = verdict else { panic!("not an answer: {verdict:?}") };
    serde_json::from_str(json).unwrap()
}
