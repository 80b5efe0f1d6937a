//! The settings of a simulator.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::engine::Calendar;
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
    /// How much faster than that clock the simulated one is; 0 stops it. It can be set forward by the control plane.
    pub clock_speed: f64,
    /// The time zone of the server: its times and its order dates are local.
    pub time_zone: TimeZone,
    /// The time of day at which the next order date begins.
    pub new_day: Time,
    /// The time until a submitted folder is visible, drawn for each folder from the seed and its name. Real servers take 0 to
    /// 30 s.
    pub visibility_lag: RangeInclusive<Duration>,
    /// The time that a job executes whose command does not `sleep`.
    pub job_duration: Duration,
    /// The accepted values of `x-api-key`. Empty: any key is accepted, but there must be one.
    pub api_keys: Vec<Secret>,
    /// Values of `x-api-key` that may only read.
    pub read_only_keys: Vec<Secret>,
    /// The passwords of users by name. Empty: no `/session/login`, as with `SaaS`.
    pub users: BTreeMap<String, Secret>,
    /// The lifetime of a session's token.
    pub session_lifetime: Duration,
    /// The names of the Control-M servers. Empty: any name, and `/config/servers` shows the used ones.
    pub servers: Vec<String>,
    /// The pools that exist from the start: server, name, units. A job that needs another one waits.
    pub pools: Vec<(String, String, u32)>,
    /// Whether adding an event that is there, or deleting one that is not, is an error.
    pub strict_events: bool,
    /// Whether a gateway stands in front, as with `SaaS`: it answers 403 `{"message":"Forbidden"}` where the server would refuse a
    /// key.
    pub gateway: bool,
    /// The seed of every random choice.
    pub seed: u64,
}

impl SimulatorSettings {
    /// A simulator on a free loopback port that shows folders after 0 to 30 s, takes any key and any server.
    pub fn new(clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock,
            clock_speed: 1.0,
            time_zone: TimeZone::UTC,
            new_day: Time::midnight(),
            visibility_lag: Duration::ZERO..=Duration::from_secs(30),
            job_duration: Duration::from_secs(1),
            api_keys: Vec::new(),
            read_only_keys: Vec::new(),
            users: BTreeMap::new(),
            session_lifetime: Duration::from_mins(30),
            servers: Vec::new(),
            pools: Vec::new(),
            strict_events: true,
            gateway: false,
            seed,
        }
    }

    pub(super) fn calendar(&self) -> Calendar {
        Calendar { zone: self.time_zone.clone(), new_day: self.new_day }
    }
}
