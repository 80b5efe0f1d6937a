//! Prints the observations of a demo, as lines of text or as JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::cli::output::print_stdout;
use crate::model::Timestamp;
use crate::sim::Observation;

/// Prints observations, one line each.
#[derive(Debug)]
pub(super) struct Printer {
    start: Timestamp,
    json: bool,
    colours: bool,
    /// The short name of each bundle id, numbered in the order of their first events.
    names: BTreeMap<String, String>,
}

/// The colour of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Plain,
    Grey,
    Green,
    Yellow,
    Red,
    Blue,
}

impl Colour {
    /// The code in an ANSI escape sequence.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Plain => "0",
            Self::Grey => "90",
            Self::Green => "32",
            Self::Yellow => "33",
            Self::Red => "31",
            Self::Blue => "36",
        }
    }
}

impl Printer {
    pub(super) fn new(start: Timestamp, json: bool, colours: bool) -> Self {
        Self { start, json, colours, names: BTreeMap::new() }
    }

    /// Prints the introduction.
    pub(super) fn introduction(&self, seed: u64) {
        if self.json {
            return;
        }
        print_stdout("A day of events in a minute: parents and children arrive in any order, hours");
        print_stdout("apart; each complete bundle becomes one folder at Control-M, which is simulated.");
        print_stdout("Two instances share the work, in memory. One will be killed.");
        print_stdout(&format!("(seed {seed}; --seed N is another day, --fast prints without pauses)\n"));
    }

    /// Prints an observation.
    pub(super) fn observation(&mut self, at: Timestamp, observation: &Observation) {
        if self.json {
            let line = json!({ "at": at.to_string(), "observation": observation });
            return print_stdout(&line.to_string());
        }
        let (subject, text, colour) = self.describe(observation);
        for text in text.lines() {
            let line = format!("{}  {subject:<10}  {text}", self.time(at));
            print_stdout(&self.paint(&line, colour));
        }
    }

    fn time(&self, at: Timestamp) -> String {
        let minutes = at.since(self.start).as_secs() / 60;
        format!("{:>2}:{:02}h", minutes / 60, minutes % 60)
    }

    fn paint(&self, line: &str, colour: Colour) -> String {
        if self.colours { format!("\x1b[{}m{line}\x1b[0m", colour.code()) } else { line.to_owned() }
    }

    fn describe(&mut self, observation: &Observation) -> (String, String, Colour) {
        match observation {
            Observation::Event { bundle, member, duplicate } => {
                let text =
                    if *duplicate { format!("{member} arrives a second time") } else { format!("{member} arrives") };
                (self.name(bundle), text, Colour::Plain)
            }
            Observation::Complete { bundle, children, late } => {
                let late = if *late { ", late" } else { "" };
                let children = if *children == 1 { "1 child".to_owned() } else { format!("{children} children") };
                (self.name(bundle), format!("complete: parent and {children}{late}"), Colour::Blue)
            }
            Observation::Delivered { bundle, outcome, folder, looked_up } => {
                let how = if *looked_up { "\nits answer was lost: looked up and found, not sent again" } else { "" };
                (self.name(bundle), format!("{outcome} as {folder}{how}"), Colour::Green)
            }
            Observation::Alert { bundle, kind, message } => {
                let text = message.replace(&format!("bundle {bundle}"), &self.name(bundle));
                ("ALERT".to_owned(), format!("{kind}\n{text}"), Colour::Red)
            }
            Observation::DeadLetter { reason } => (String::new(), format!("dead letter: {reason}"), Colour::Red),
            Observation::Started { instance } => (format!("instance {instance}"), "starts".to_owned(), Colour::Grey),
            Observation::Killed { instance, .. } => {
                (format!("instance {instance}"), danger(observation).join("\n"), Colour::Yellow)
            }
            Observation::Assigned { instances } => {
                let text = format!("all partitions are assigned to: {}", instances.join(", "));
                ("group".to_owned(), text, Colour::Grey)
            }
            Observation::AnswerLossInjected => {
                let text = "will execute the next submit and lose its answer".to_owned();
                ("Control-M".to_owned(), text, Colour::Yellow)
            }
        }
    }

    fn name(&mut self, bundle: &str) -> String {
        let next = self.names.len() + 1;
        self.names.entry(bundle.to_owned()).or_insert_with(|| format!("bundle {next:>2}")).clone()
    }
}

/// The pause before an observation: less where nothing is to be seen yet, more where there is much to read.
pub(super) fn pause(observation: &Observation) -> Duration {
    let millis = match observation {
        Observation::Started { .. } | Observation::Assigned { .. } => 200,
        Observation::Event { .. } | Observation::Complete { .. } => 600,
        Observation::Delivered { .. } | Observation::DeadLetter { .. } | Observation::AnswerLossInjected => 900,
        Observation::Alert { .. } | Observation::Killed { .. } => 1_500,
    };
    Duration::from_millis(millis)
}

/// The lines of a kill: what was in danger.
fn danger(killed: &Observation) -> Vec<String> {
    let Observation::Killed { open_bundles, uncommitted_events, uncommitted_submissions, calls_in_flight, .. } = killed
    else {
        return Vec::new();
    };
    let plural = |number: usize, one: &str| format!("{number} {one}{}", if number == 1 { "" } else { "s" });
    let mut lines = vec![
        "is killed with -9, just before a commit; in danger:".to_owned(),
        format!(
            "open bundles: {open_bundles}; uncommitted: {}, {}",
            plural(*uncommitted_events, "event"),
            plural(*uncommitted_submissions, "submission"),
        ),
    ];
    if *calls_in_flight > 0 {
        lines.push(format!("calls to Control-M in flight: {calls_in_flight}"));
    }
    lines
}
