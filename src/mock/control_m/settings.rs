//! How a simulator behaves.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use crate::model::Clock;
use crate::secret::Secret;

/// The path below which the Automation API lies, as in the real one.
pub(super) const BASE_PATH: &str = "/automation-api";

/// How a simulator behaves.
#[derive(Clone, Debug)]
pub struct SimulatorSettings {
    /// Where it listens; port 0 takes a free one.
    pub bind: SocketAddr,
    /// What the lag and the jobs' lives are measured on. (A fault's delay is real time.)
    pub clock: Arc<dyn Clock>,
    /// After how long a submitted folder can be seen; drawn for each folder from the seed and its name. Reality shows
    /// 0 to 30 s.
    pub visibility_lag: RangeInclusive<Duration>,
    /// How long each job executes before it ends OK.
    pub job_duration: Duration,
    /// The keys that `x-api-key` may have. Empty: any key will do, but there must be one.
    pub api_keys: Vec<Secret>,
    /// Who may log in, by name. Empty: nobody, as with `SaaS`.
    pub users: BTreeMap<String, Secret>,
    /// The Control-M servers that exist. Empty: every name does, and `/config/servers` shows those that were used.
    pub servers: Vec<String>,
    /// What every chance is drawn from.
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
