//! The three instances, their kills, and the messages of their logs.

use serde_json::Value;

use super::super::e2e::deployment::Deployment;
use super::super::e2e::process::Process;
use super::figures::Figures;
use super::round::SESSION;

/// The instances' ids.
pub(super) const NAMES: [&str; 3] = ["a", "b", "c"];

/// The instances.
pub(super) struct Instances {
    members: Vec<Process>,
}

impl Instances {
    /// Starts all and waits until they are ready.
    pub(super) fn start(deployment: &Deployment) -> Self {
        let mut members: Vec<_> = NAMES.iter().map(|name| deployment.start(name)).collect();
        for member in &mut members {
            member.ready();
        }
        Self { members }
    }

    /// Kills these, and counts the messages of their logs.
    pub(super) fn kill(&mut self, killed: &[usize], figures: &mut Figures) {
        for victim in killed {
            self.note_wipes(*victim, figures);
        }
        for victim in killed {
            self.members[*victim].kill();
        }
    }

    /// Starts these again, with their state.
    pub(super) fn restart(&mut self, killed: &[usize], deployment: &Deployment, figures: &mut Figures) {
        for victim in killed {
            let dead = std::mem::replace(&mut self.members[*victim], deployment.start(NAMES[*victim]));
            let is_remarkable = read_log(&dead.log_text(), figures);
            if !is_remarkable {
                std::fs::remove_file(dead.log()).expect("its log");
                std::fs::remove_file(dead.log().with_extension("yaml")).expect("its configuration");
            }
        }
    }

    /// True if all of these are ready.
    pub(super) fn are_ready(&mut self, killed: &[usize]) -> bool {
        killed.iter().all(|victim| self.members[*victim].is_ready())
    }

    /// The number of bundle tasks of these; 0 while they start.
    pub(super) fn tasks(&self, killed: &[usize]) -> u64 {
        let tasks = |victim: &usize| self.labelled(*victim, "sheaf_consumer_assigned_partitions", "bundle-inbox");
        killed.iter().map(tasks).sum()
    }

    /// The resident memory of each, in MiB, by its name; without those that are just starting.
    pub(super) fn memory_mib(&self) -> Vec<(&'static str, u64)> {
        let memory = |member: &Process| memory_mib(member.id());
        NAMES.iter().zip(&self.members).filter_map(|(name, member)| Some((*name, memory(member)?))).collect()
    }

    /// The names of these.
    pub(super) fn names(killed: &[usize]) -> String {
        killed.iter().map(|victim| NAMES[*victim]).collect::<Vec<_>>().join("+")
    }

    /// The number of records that these have restored since their start.
    pub(super) fn restored(&self, killed: &[usize]) -> u64 {
        killed.iter().map(|victim| self.count(*victim, "sheaf_store_restored_records_total")).max().unwrap_or_default()
    }

    /// Stops all in order, and waits until the group has no members: a later call may use another strategy.
    pub(super) fn end(&mut self, figures: &mut Figures) {
        for at in 0..self.members.len() {
            self.note_wipes(at, figures);
            let member = &mut self.members[at];
            assert_eq!(member.terminate(), Some(0), "{}", member.log_text());
            read_log(&member.log_text(), figures);
        }
        std::thread::sleep(SESSION);
    }

    fn note_wipes(&self, at: usize, figures: &mut Figures) {
        figures.wipes += self.count(at, "sheaf_store_rebuilds_total");
    }

    /// A counter of an instance; 0 while it starts and does not answer.
    fn count(&self, at: usize, metric: &str) -> u64 {
        self.labelled(at, metric, "")
    }

    fn labelled(&self, at: usize, metric: &str, labels: &str) -> u64 {
        let value = self.members[at].try_metric(metric, labels).unwrap_or_default();
        format!("{value:.0}").parse().unwrap_or_default()
    }
}

/// The resident memory of a process, in MiB.
fn memory_mib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = resident.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1024)
}

/// Counts the messages of a log; true if one of them is a reason to keep the log.
fn read_log(log: &str, figures: &mut Figures) -> bool {
    let mut is_remarkable = log.contains("panicked") || log.contains("rebuil");
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let message = line["fields"]["message"].as_str().or(line["message"].as_str()).unwrap_or_default();
        let counts = match line["level"].as_str() {
            Some("ERROR") => &mut figures.errors,
            Some("WARN") => &mut figures.warnings,
            _ => continue,
        };
        is_remarkable |= line["level"] == "ERROR";
        *counts.entry(message.to_owned()).or_default() += 1;
    }
    is_remarkable
}
