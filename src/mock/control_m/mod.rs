//! A simulator of Control-M: its Automation API over HTTP, in this process, with faults on demand.
//!
//! It behaves as the real one in what makes a client's life hard: a folder that is submitted twice runs twice, a submitted
//! folder is visible only after a lag, and what waits when New Day comes may be gone. No command is ever run: how long a job
//! executes and how it ends is read from its text, or said by a rule.
//!
//! | file | what it is |
//! |---|---|
//! | `settings` | address, lag, keys, time zone, seed |
//! | `port` | the socket: refuses, accepts, and cuts connections with a TCP reset |
//! | `server` | the routes |
//! | `gate` | in front of each call: count, fault, key |
//! | `session` | tokens and keys |
//! | `traffic` | the requests so far, and the faults |
//! | `fault`, `fault_text` | faults of requests, and as a line of words |
//! | `api` | the calls, a file for each group |
//! | `alerts` | the stream of alerts |
//! | `answer`, `row` | JSON bodies of answers and errors; a job or folder as the API shows it |
//! | `definition` | checks a job definition and reads its folders and jobs |
//! | `engine` | what Control-M does with them: waits, runs, events, pools, services, New Day |
//! | `world` | what all requests share |
//! | `clock` | the virtual clock |
//! | `control` | the control plane below `/_sheaf` |
//! | `page` | folders and jobs for a browser, at `/` |
//! | `dump` | the simulator's state, as the control plane shows it |
//! | `pattern` | names with `*` |
//!
//! # The control plane
//!
//! | call | what it does |
//! |---|---|
//! | `GET /_sheaf/dump` | a [`Dump`] as JSON |
//! | `GET /_sheaf/requests` | the requests as [`RequestRow`]s, the oldest first |
//! | `GET`, `POST`, `DELETE /_sheaf/faults` | shows, adds or removes faults: [`Fault`]s as JSON, or lines as `--fault` has them |
//! | `GET`, `POST /_sheaf/clock` | shows the clock; `{"advance":"90m"}`, `{"advance":"new-day"}`, `{"speed":60}` |
//! | `POST /_sheaf/outcomes` | how some jobs end: [`Outcome`]s as JSON |
//! | `POST /_sheaf/hosts`, `/_sheaf/servers` | `{"name":"h1","up":false}`: jobs wait for the host; the server is disconnected |
//! | `POST /_sheaf/lag` | `{"from_ms":0,"to_ms":2000}`: the lag from now on |
//! | `POST /_sheaf/reset` | forgets everything submitted, every fault and every count |
//!
//! Shapes: `facts/control-m.md` sections 1.3 to 1.5. What is open there is tolerant here.

mod alerts;
mod answer;
mod api;
mod clock;
mod control;
mod definition;
mod dump;
mod engine;
mod fault;
mod fault_text;
mod gate;
mod page;
mod pattern;
mod port;
mod row;
mod server;
mod session;
mod settings;
mod traffic;
mod world;

pub use dump::{Dump, DumpedEvent, DumpedFolder};
pub use engine::{Alert, Outcome};
pub use fault::{Action, Fault};
pub use row::Row;
pub use settings::SimulatorSettings;
pub use traffic::RequestRow;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use port::{Lines, Port};
use settings::BASE_PATH;
use world::World;

/// A simulator with a bound port, before it answers.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    port: Port,
    lines: Lines,
    world: Arc<World>,
    down: watch::Sender<bool>,
    is_down: watch::Receiver<bool>,
}

impl Simulator {
    /// Binds the port. An error is the operating system's (the port is taken, the address is not ours).
    pub fn bind(settings: SimulatorSettings, handle: &Handle) -> io::Result<Self> {
        let _inside = handle.enter();
        let (down, wanted) = watch::channel(false);
        let (actual, is_down) = watch::channel(false);
        let lines = Lines::default();
        let port = Port::bind(settings.bind, lines.clone(), wanted, actual)?;
        let address = port.address();
        Ok(Self { address, port, lines, world: Arc::new(World::new(settings)), down, is_down })
    }

    /// Binds the port and answers on `handle` until the returned handle is stopped or dropped.
    pub fn start(settings: SimulatorSettings, handle: &Handle) -> io::Result<SimulatorHandle> {
        let simulator = Self::bind(settings, handle)?;
        let (address, world) = (simulator.address, Arc::clone(&simulator.world));
        let (down, is_down) = (simulator.down.clone(), simulator.is_down.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = handle.spawn(simulator.serve_until(async {
            // Both say the same: a message, and a handle that was dropped.
            drop(stopped.await);
        }));
        Ok(SimulatorHandle { address, world, down, is_down, stop, task })
    }

    /// The address to configure as `control_m.base_url`.
    pub fn base_url(&self) -> String {
        base_url(self.address)
    }

    /// Adds a fault behind the others; the first that fits a request and strikes wins.
    pub fn inject(&self, fault: Fault) {
        self.world.traffic.inject(fault);
    }

    /// Answers until `shutdown` ends, then cuts all connections.
    pub async fn serve_until(self, shutdown: impl Future<Output = ()> + Send) {
        tokio::select! {
            () = server::serve(self.port, Arc::clone(&self.world)) => {}
            () = shutdown => {}
        }
        self.world.stop();
        self.lines.cut_all().await;
    }
}

/// A running simulator. Dropping it stops it, without waiting.
#[derive(Debug)]
pub struct SimulatorHandle {
    address: SocketAddr,
    world: Arc<World>,
    down: watch::Sender<bool>,
    is_down: watch::Receiver<bool>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl SimulatorHandle {
    /// The address to configure as `control_m.base_url`.
    pub fn base_url(&self) -> String {
        base_url(self.address)
    }

    /// All requests and folders so far, invisible ones too.
    pub fn dump(&self) -> Dump {
        self.world.dump()
    }

    /// The requests to the API so far, the oldest first.
    pub fn requests(&self) -> Vec<RequestRow> {
        self.world.traffic.log()
    }

    /// Adds a fault behind the others; the first that fits a request and strikes wins.
    pub fn inject(&self, fault: Fault) {
        self.world.traffic.inject(fault);
    }

    /// Removes all faults.
    pub fn heal(&self) {
        self.world.traffic.heal();
    }

    /// Forgets everything submitted, every fault and every count, as `POST /_sheaf/reset` does.
    pub fn reset(&self) {
        self.world.reset();
    }

    /// Goes down (connections are cut and new ones refused) or comes up again on the same port, and waits for it.
    pub async fn set_down(&self, down: bool) {
        self.down.send_replace(down);
        // It fails only when the simulator has stopped, and then it is as down as it can be.
        drop(self.is_down.clone().wait_for(|is_down| *is_down == down).await);
    }

    /// Stops answering, cuts all connections, and waits for their end.
    pub async fn stop(self) {
        drop(self.stop);
        // It fails only when the task has panicked, which has been printed then.
        drop(self.task.await);
    }
}

fn base_url(address: SocketAddr) -> String {
    format!("http://{address}{BASE_PATH}")
}
