//! Happenings as lines for a person, or as JSON.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::output::say;
use crate::model::Timestamp;
use crate::sim::Happening;

/// Tells a day, line by line.
#[derive(Debug)]
pub(super) struct Narrator {
    start: Timestamp,
    json: bool,
    colours: bool,
    /// Short names of bundles, in the order of their appearance.
    names: BTreeMap<String, String>,
}

/// The colours of the story, as ANSI codes.
#[derive(Clone, Copy, Debug)]
enum Colour {
    Plain,
    Grey,
    Green,
    Yellow,
    Red,
    Blue,
}

impl Colour {
    const fn code(self) -> &'static str {
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

impl Narrator {
    pub(super) fn new(start: Timestamp, json: bool, colours: bool) -> Self {
        Self { start, json, colours, names: BTreeMap::new() }
    }

    /// The first lines.
    pub(super) fn open(&self, seed: u64) {
        if self.json {
            return;
        }
        say("A day of events in a minute: parents and children arrive in any order, hours apart; each complete bundle");
        say("becomes one folder at Control-M. Two instances share the work, in memory; Control-M is simulated.");
        say(&format!("(seed {seed}; --seed N tells another story, --fast does not wait)\n"));
    }

    /// One happening.
    pub(super) fn tell(&mut self, at: Timestamp, happening: &Happening) {
        if self.json {
            let line = json!({ "at": at.to_string(), "story": happening });
            return say(&line.to_string());
        }
        let (who, what, colour) = self.words(happening);
        let line = format!("{}  {who:<10}  {what}", self.time(at));
        say(&self.paint(&line, colour));
    }

    fn time(&self, at: Timestamp) -> String {
        let minutes = at.since(self.start).as_secs() / 60;
        format!("{:>2}:{:02}h", minutes / 60, minutes % 60)
    }

    fn paint(&self, line: &str, colour: Colour) -> String {
        if self.colours { format!("\x1b[{}m{line}\x1b[0m", colour.code()) } else { line.to_owned() }
    }

    fn words(&mut self, happening: &Happening) -> (String, String, Colour) {
        match happening {
            Happening::Event { bundle, member, again } => {
                let what = if *again { format!("{member} arrives a second time") } else { format!("{member} arrives") };
                (self.name(bundle), what, Colour::Plain)
            }
            Happening::Complete { bundle, children, late } => {
                let late = if *late { ", late" } else { "" };
                let children = if *children == 1 { "1 child".to_owned() } else { format!("{children} children") };
                (self.name(bundle), format!("complete: parent and {children}{late}"), Colour::Blue)
            }
            Happening::Delivered { bundle, outcome, folder, looked_up } => {
                let how = if *looked_up { " (its answer was lost: looked up and found, not sent again)" } else { "" };
                (self.name(bundle), format!("{outcome} as {folder}{how}"), Colour::Green)
            }
            Happening::Alert { bundle, kind, message } => {
                let name = self.name(bundle);
                (
                    name.clone(),
                    format!("ALERT {kind}: {}", message.replace(&format!("bundle {bundle}"), &name)),
                    Colour::Red,
                )
            }
            Happening::DeadLetter { reason } => (String::new(), format!("dead letter: {reason}"), Colour::Red),
            Happening::Started { instance } => (format!("instance {instance}"), "starts".to_owned(), Colour::Grey),
            Happening::Killed { instance } => (
                format!("instance {instance}"),
                "is killed with -9 in the middle of its work".to_owned(),
                Colour::Yellow,
            ),
            Happening::Settled { instances } => {
                let what = format!("all partitions are worked on by: {}", instances.join(", "));
                ("group".to_owned(), what, Colour::Grey)
            }
            Happening::AnswerWillBeLost => {
                let what = "will execute the next submit and lose its answer";
                ("Control-M".to_owned(), what.to_owned(), Colour::Yellow)
            }
        }
    }

    fn name(&mut self, bundle: &str) -> String {
        let next = self.names.len() + 1;
        self.names.entry(bundle.to_owned()).or_insert_with(|| format!("bundle {next:>2}")).clone()
    }
}
