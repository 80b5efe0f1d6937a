//! The three instances, their kills, and what their logs say.

use serde_json::Value;

use super::super::e2e::process::Process;
use super::super::e2e::stage::Stage;
use super::figures::Figures;
use super::round::SESSION;

/// The instances' ids.
const NAMES: [&str; 3] = ["a", "b", "c"];

/// The instances.
pub(super) struct Crew {
    members: Vec<Process>,
}

impl Crew {
    /// Starts all of them and waits until they are ready.
    pub(super) fn start(stage: &Stage) -> Self {
        let mut members: Vec<_> = NAMES.iter().map(|name| stage.start(name)).collect();
        for member in &mut members {
            member.ready();
        }
        Self { members }
    }

    /// Kills these, and notes what they had said.
    pub(super) fn kill(&mut self, victims: &[usize], figures: &mut Figures) {
        for victim in victims {
            self.note_wipes(*victim, figures);
        }
        for victim in victims {
            self.members[*victim].kill();
        }
    }

    /// Starts these again, with the state that they had.
    pub(super) fn revive(&mut self, victims: &[usize], stage: &Stage, figures: &mut Figures) {
        for victim in victims {
            let dead = std::mem::replace(&mut self.members[*victim], stage.start(NAMES[*victim]));
            let is_remarkable = read_log(&dead.said(), figures);
            if !is_remarkable {
                std::fs::remove_file(dead.log()).expect("its log");
                std::fs::remove_file(dead.log().with_extension("yaml")).expect("its configuration");
            }
        }
    }

    /// True when all of these are ready.
    pub(super) fn are_ready(&mut self, victims: &[usize]) -> bool {
        victims.iter().all(|victim| self.members[*victim].is_ready())
    }

    /// How many bundle tasks these have; 0 while they are on their way up.
    pub(super) fn tasks(&self, victims: &[usize]) -> u64 {
        let tasks = |victim: &usize| self.labelled(*victim, "sheaf_consumer_assigned_partitions", "bundle-inbox");
        victims.iter().map(tasks).sum()
    }

    /// The names of these.
    pub(super) fn names(victims: &[usize]) -> String {
        victims.iter().map(|victim| NAMES[*victim]).collect::<Vec<_>>().join("+")
    }

    /// How many records these have restored since their start.
    pub(super) fn restored(&self, victims: &[usize]) -> u64 {
        victims.iter().map(|victim| self.count(*victim, "sheaf_store_restored_records_total")).max().unwrap_or_default()
    }

    /// Ends all in order, and waits until the group has forgotten them: a later call may want another strategy.
    pub(super) fn end(&mut self, figures: &mut Figures) {
        for at in 0..self.members.len() {
            self.note_wipes(at, figures);
            let member = &mut self.members[at];
            assert_eq!(member.terminate(), Some(0), "{}", member.said());
            read_log(&member.said(), figures);
        }
        std::thread::sleep(SESSION);
    }

    fn note_wipes(&self, at: usize, figures: &mut Figures) {
        figures.wipes += self.count(at, "sheaf_store_rebuilds_total");
    }

    /// A metric that counts; 0 while an instance is on its way up and does not answer.
    fn count(&self, at: usize, metric: &str) -> u64 {
        self.labelled(at, metric, "")
    }

    fn labelled(&self, at: usize, metric: &str, labels: &str) -> u64 {
        let value = self.members[at].metric_if_there(metric, labels).unwrap_or_default();
        format!("{value:.0}").parse().unwrap_or_default()
    }
}

/// Counts the messages of a log; true when one of them deserves that the log stays.
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
