//! The figures of a soak, saved in a file after each checkpoint, so that a later call continues where the last one stopped.
#![expect(clippy::struct_field_names, reason = "the unit stands last in a name, also where all have the same")]

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::e2e::deployment::Deployment;
use super::super::verifier::Audit;
use super::usage::Usage;

/// All figures. Counts are of all calls; the work of an interrupted call after its last checkpoint is not counted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Figures {
    /// Rounds that were run and checked.
    pub(super) rounds: u64,
    /// Processes that were killed.
    pub(super) kills: u64,
    /// Rounds in which the killed instances were restarted after their session time-out, and others took over.
    pub(super) take_overs: u64,
    /// Rounds that killed two at once.
    pub(super) double_kills: u64,
    /// Events that were written.
    pub(super) events: u64,
    /// Bundles that were complete, submitted once with the expected content, and delivered once.
    pub(super) bundles: u64,
    pub(super) lost: usize,
    pub(super) doubled: u64,
    pub(super) wrong: usize,
    /// Stores that were rebuilt, by the instances' own metric.
    pub(super) wipes: u64,
    /// Log lines at the level ERROR, by message.
    pub(super) errors: BTreeMap<String, u64>,
    /// Log lines at the level WARN, by message.
    pub(super) warnings: BTreeMap<String, u64>,
    /// The most changelog records that an instance restored after a kill, including those of moved tasks.
    pub(super) restored_records_max: u64,
    /// From the kill until fresh output of every partition.
    pub(super) recovery: Percentiles,
    /// The same for rounds with a take-over, whose session time-out of 6 s is part of it.
    pub(super) take_over_recovery: Percentiles,
    /// Descriptions of failures.
    pub(super) failures: Vec<String>,
    /// The number of starts from empty topics, after a call that was interrupted.
    pub(super) epoch: u64,
    /// The number of calls.
    pub(super) calls: u64,
    /// True if the last call ended in order, so that the next can continue with its topics and stores.
    pub(super) ended_in_order: bool,
    /// What was used after each round.
    usage: Vec<Usage>,
    recovery_ms: Vec<i64>,
    take_over_recovery_ms: Vec<i64>,
    #[serde(skip)]
    pub(super) events_before: u64,
    #[serde(skip)]
    bundles_before: u64,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Percentiles {
    p50_ms: i64,
    p95_ms: i64,
    max_ms: i64,
}

impl Percentiles {
    fn of(values: &[i64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let at = |percent: usize| {
            let place = sorted.len().saturating_sub(1) * percent / 100;
            sorted.get(place).copied().unwrap_or_default()
        };
        Self { p50_ms: at(50), p95_ms: at(95), max_ms: at(100) }
    }
}

impl std::fmt::Display for Percentiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p50 {} ms, p95 {} ms, max {} ms", self.p50_ms, self.p95_ms, self.max_ms)
    }
}

impl Figures {
    /// The saved figures; empty ones if there are none.
    pub(super) fn load(directory: &Path) -> Self {
        let Ok(text) = std::fs::read(directory.join("figures.json")) else { return Self::default() };
        serde_json::from_slice(&text).expect("figures.json of an earlier call")
    }

    /// Saves them atomically: an interruption leaves the older or the newer ones.
    pub(super) fn save(&self, directory: &Path) {
        let draft = directory.join("figures.json.new");
        std::fs::write(&draft, serde_json::to_vec_pretty(self).expect("JSON")).expect("written");
        std::fs::rename(&draft, directory.join("figures.json")).expect("renamed");
    }

    /// Begins a call; true if it can continue with the topics and stores of the last one.
    pub(super) fn begin(&mut self) -> bool {
        let goes_on = std::mem::take(&mut self.ended_in_order);
        if !goes_on {
            self.epoch += 1;
        }
        self.calls += 1;
        (self.events_before, self.bundles_before) = (self.events, self.bundles);
        goes_on
    }

    /// Marks an orderly end.
    pub(super) fn finish(&mut self) {
        self.ended_in_order = true;
    }

    /// The prefix of the names of topics.
    pub(super) fn name(&self) -> String {
        format!("soak-{}", self.epoch)
    }

    /// The seed, different for each call.
    pub(super) fn seed(&self) -> u64 {
        20_261_121 + self.calls * 1_000_003
    }

    /// Records the results of an audit.
    pub(super) fn check(&mut self, audit: &Audit) {
        self.bundles = self.bundles_before + audit.settled;
        (self.lost, self.doubled) = (audit.lost.len(), audit.doubled);
        self.wrong = audit.wrong.len() + audit.early.len() + audit.alerts.len();
        self.wrong += usize::try_from(audit.dead_letters).unwrap_or(usize::MAX);
    }

    /// Records the recovery time of a round.
    pub(super) fn recovered(&mut self, took_ms: i64, is_take_over: bool) {
        let (all, percentiles) = if is_take_over {
            (&mut self.take_over_recovery_ms, &mut self.take_over_recovery)
        } else {
            (&mut self.recovery_ms, &mut self.recovery)
        };
        all.push(took_ms);
        *percentiles = Percentiles::of(all);
    }

    /// Records what the instances, their stores and the brokers use now.
    pub(super) fn measure(
        &mut self,
        directory: &Path,
        deployment: &Deployment,
        memory_mib: Vec<(&'static str, u64)>,
    ) -> &Usage {
        self.usage.push(Usage::measure(directory, deployment, memory_mib));
        self.usage.last().expect("just pushed")
    }

    /// One line after a checkpoint.
    pub(super) fn line(&self) -> String {
        let Self { rounds, bundles, lost, doubled, wrong, wipes, recovery, .. } = self;
        format!(
            "checkpoint after {rounds} rounds: {bundles} bundles, {lost} lost, {doubled} doubled, {wrong} wrong, \
             {wipes} wipes; recovery {recovery}"
        )
    }

    /// All figures as text.
    pub(super) fn summary(&self) -> String {
        let Self { rounds, kills, double_kills, take_overs, events, bundles, lost, doubled, wrong, wipes, .. } = self;
        format!(
            "rounds {rounds} (kills {kills}, two at once {double_kills}, take-overs {take_overs})\n\
             events {events}, complete bundles {bundles}\n\
             lost {lost}, doubled {doubled}, wrong {wrong}, wipes {wipes}\n\
             recovery after a kill: {}\n\
             recovery with a take-over (session time-out of 6 s included): {}\n\
             restored after a kill: at most {} records of an instance\n\
             errors logged: {:?}",
            self.recovery, self.take_over_recovery, self.restored_records_max, self.errors
        )
    }
}
