//! The CPU usage of a contender, the broker and all other processes between two readings.

use super::clock::now;
use super::contender::Process;
use super::run::Run;
use super::server::Server;
use crate::Result;
use crate::process::{compiler_seconds, machine_cpu_seconds};
use crate::usage::cpu_seconds;

/// A reading of all meters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meters {
    at: f64,
    contender: f64,
    contender_compiler: f64,
    broker: f64,
    broker_compiler: f64,
    own: f64,
    machine: f64,
}

impl Meters {
    /// Reads them; without a process before it is started.
    pub(crate) fn read(server: &Server, process: Option<&Process>) -> Result<Self> {
        Ok(Self {
            at: now().as_secs_f64(),
            contender: process.map_or(Ok(0.0), |process| cpu_seconds(process.pid()))?,
            contender_compiler: process.map_or(Ok(0.0), |process| compiler_seconds(process.pid()))?,
            broker: cpu_seconds(server.pid)?,
            broker_compiler: compiler_seconds(server.pid)?,
            own: cpu_seconds(std::process::id())?,
            machine: machine_cpu_seconds()?,
        })
    }

    /// CPU seconds of the contender since `before`.
    pub(crate) fn contender_since(&self, before: &Self) -> f64 {
        self.contender - before.contender
    }

    /// CPU seconds of the broker since `before`, without its JIT compilation, which takes minutes after a
    /// start with any contender, and more than doubles the figure of a short run.
    pub(crate) fn broker_since(&self, before: &Self) -> f64 {
        self.broker - before.broker - (self.broker_compiler - before.broker_compiler)
    }

    /// Notes the CPU usage of both since `before`, each figure divided by `share`.
    pub(crate) fn note_cpu(&self, before: &Self, share: f64, run: &mut Run) {
        run.note("cpu_s", self.contender_since(before) / share);
        run.note("cpu_of_compiler_s", (self.contender_compiler - before.contender_compiler) / share);
        run.note("broker_cpu_s", self.broker_since(before) / share);
    }

    /// Notes the processors that other processes used: noise.
    pub(crate) fn note_others(&self, before: &Self, suffix: &str, run: &mut Run) {
        let ours = self.contender_since(before) + self.broker - before.broker + self.own - before.own;
        let others = (self.machine - before.machine - ours).max(0.0) / (self.at - before.at).max(0.01);
        run.note(&format!("others_cores{suffix}"), others);
    }

    /// Seconds since `before`.
    pub(crate) fn seconds_since(&self, before: &Self) -> f64 {
        self.at - before.at
    }
}
