//! What all requests share: Control-M, its clock, the sessions and the traffic.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::clock::VirtualClock;
use super::dump::Dump;
use super::engine::{Engine, Rules};
use super::session::Sessions;
use super::settings::SimulatorSettings;
use super::traffic::Traffic;

/// The simulator's state, shared by all requests.
#[derive(Debug)]
pub(super) struct World {
    /// The settings.
    pub(super) settings: SimulatorSettings,
    /// The time of everything but a fault's delay.
    pub(super) clock: VirtualClock,
    /// The tokens of users.
    pub(super) sessions: Sessions,
    /// The requests, and the faults that strike them.
    pub(super) traffic: Traffic,
    engine: Mutex<Engine>,
    stopping: watch::Sender<bool>,
    /// Whether somebody listens to the alerts.
    has_listener: AtomicBool,
}

/// The place of the only listener to the alerts, which is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Listening(Arc<World>);

impl Listening {
    /// What it listens to.
    pub(super) fn world(&self) -> &World {
        &self.0
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.has_listener.store(false, Ordering::SeqCst);
    }
}

impl World {
    pub(super) fn new(settings: SimulatorSettings) -> Self {
        let clock = VirtualClock::new(settings.clock.clone(), settings.clock_speed);
        Self {
            engine: Mutex::new(engine(&settings, &clock)),
            sessions: Sessions::new(settings.seed),
            traffic: Traffic::new(settings.seed),
            stopping: watch::Sender::new(false),
            has_listener: AtomicBool::new(false),
            clock,
            settings,
        }
    }

    /// Control-M as it stands now.
    pub(super) fn engine<T>(&self, f: impl FnOnce(&mut Engine) -> T) -> T {
        // Nothing that a handler leaves half done when it panics matters to a simulator.
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        engine.advance_to(self.clock.now());
        f(&mut engine)
    }

    /// Takes the place of the listener to the alerts; none if it is taken.
    pub(super) fn listen(world: &Arc<Self>) -> Option<Listening> {
        let is_taken = world.has_listener.swap(true, Ordering::SeqCst);
        (!is_taken).then(|| Listening(Arc::clone(world)))
    }

    /// Ends every wait that has no other end.
    pub(super) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Waits for [`World::stop`].
    pub(super) async fn stopped(&self) {
        // It fails only when the sender is gone, and that is this world.
        drop(self.stopping.subscribe().wait_for(|stopping| *stopping).await);
    }

    /// Forgets all folders, definitions, events, faults, counts and sessions. The clock stays.
    pub(super) fn reset(&self) {
        *self.engine.lock().unwrap_or_else(PoisonError::into_inner) = engine(&self.settings, &self.clock);
        self.sessions.reset(self.settings.seed);
        self.traffic.reset(self.settings.seed);
    }

    pub(super) fn dump(&self) -> Dump {
        let requests = self.traffic.counts();
        self.engine(|engine| Dump::new(&requests, engine))
    }
}

fn engine(settings: &SimulatorSettings, clock: &VirtualClock) -> Engine {
    let rules = Rules {
        calendar: settings.calendar(),
        job_duration: settings.job_duration,
        visibility_lag: settings.visibility_lag.clone(),
        seed: settings.seed,
    };
    let mut engine = Engine::new(rules, clock.now());
    for (server, pool, max) in &settings.pools {
        engine.set_pool(server, pool, *max);
    }
    engine
}
