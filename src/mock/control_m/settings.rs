//! The settings of a simulator.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use crate::model::Clock;
use crate::secret::Secret;

/// The path below which the Automation API lies, as in the real one.
pub(super) const BASE_PATH: &str = "/automation-api";

/// The settings of a simulator.
#[derive(Clone, Debug)]
pub struct SimulatorSettings {
    /// The address to listen on; port 0 takes a free one.
    pub bind: SocketAddr,
    /// The clock of the lag and of the jobs. (A fault's delay is real time.)
    pub clock: Arc<dyn Clock>,
    /// The time until a submitted folder is visible, drawn for each folder from the seed and its name. Real servers take 0 to
    /// 30 s.
    pub visibility_lag: RangeInclusive<Duration>,
    /// The time that each job executes before it ends OK.
    pub job_duration: Duration,
    /// The accepted values of `x-api-key`. Empty: any key is accepted, but there must be one.
    pub api_keys: Vec<Secret>,
    /// The passwords of users by name. Empty: no `/session/login`, as with `SaaS`.
    pub users: BTreeMap<String, Secret>,
    /// The names of the Control-M servers. Empty: any name, and `/config/servers` shows the used ones.
    pub servers: Vec<String>,
    /// The seed of every random choice.
    pub seed: u64,
}

impl SimulatorSettings {
    /// A simulator on a free loopback port that shows folders after 0 to 30 s, takes any key and any server.
    pub fn new(clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock,
            visibility_lag: Duration::ZERO..=Duration::from_secs(30),
            job_duration: Duration::from_secs(1),
            api_keys: Vec::new(),
            users: BTreeMap::new(),
            servers: Vec::new(),
            seed,
        }
    }
}
