//! Plays a scenario: each command on the virtual clock, and what it leads to.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::action::{Action, Sent, Timed};
use super::names::Names;
use super::observer::{Observer, Shown};
use super::outcome::{EndState, Moment, Outcome, StepOutcome};
use super::text::{Scenario, Step};
use crate::model::{Key, OutRecord, Timestamp, Topic, Verdict};
use crate::processor;
use crate::processor::flow::{Definitions, Digest};
use crate::runtime::command_record;
use crate::testing::{DriverError, TestDriver};
use crate::topology::diagram::{Way, svg_of_way};

/// The most acts that are answered by themselves after one command.
const ANSWERS_MAX: usize = 10_000;

type Result<T> = std::result::Result<T, String>;

/// Plays a scenario. Flows have these definitions.
pub(super) fn play(driver: TestDriver, scenario: &Scenario, (names, definitions): (&Names, &Definitions)) -> Outcome {
    let mut player = Player::new(driver, names);
    let (title, description) = title(&scenario.comment);
    let (steps, ends) = (Vec::new(), Vec::new());
    let mut outcome = Outcome { line: scenario.line, title, description, steps, ends, failure: None };
    for step in &scenario.steps {
        let (done, failure) = player.step(step);
        outcome.steps.push(done);
        if failure.is_some() {
            outcome.failure = failure;
            return outcome;
        }
    }
    match player.ends(definitions) {
        Ok(ends) => outcome.ends = ends,
        Err(message) => outcome.failure = Some((scenario.line, message)),
    }
    outcome
}

/// The first sentence of a comment, and the others.
fn title(comment: &str) -> (String, String) {
    let (title, rest) = comment.split_once(". ").unwrap_or((comment, ""));
    let title = title.trim_end_matches('.');
    (if title.is_empty() { "without a comment".to_owned() } else { title.to_owned() }, rest.trim().to_owned())
}

/// The way of a flow; `None` of another entry.
fn picture(shown: &serde_json::Value, definitions: &Definitions) -> Option<String> {
    let digest = Digest::parse(shown.get("definition")?.as_str()?)?;
    Some(svg_of_way(&*definitions.known(digest)?, &Way::of(shown)))
}

struct Player<'a> {
    names: &'a Names,
    driver: TestDriver,
    observer: Observer,
    shown: Shown,
    answers: BTreeMap<String, Verdict>,
    /// The number of operators' commands, from which their ids are made.
    commands: u64,
}

impl<'a> Player<'a> {
    fn new(driver: TestDriver, names: &'a Names) -> Self {
        let (observer, shown) = (Observer::default(), Shown::default());
        Self { names, driver, observer, shown, answers: BTreeMap::new(), commands: 0 }
    }

    fn step(&mut self, step: &Step) -> (StepOutcome, Option<(usize, String)>) {
        let (mut moments, mut failure) = (Vec::new(), None);
        for line in &step.commands {
            if let Err(message) = self.command(&line.timed, &line.text, &mut moments) {
                failure = Some((line.number, self.names.shorten(&message)));
                break;
            }
        }
        let last = step.commands.last().map_or(1, |line| line.last);
        let expected = step.expected.as_ref();
        let played = StepOutcome {
            line: expected.map_or(last, |expected| expected.marker),
            // What a step that ends early leads to says nothing.
            is_compared: expected.is_some() && failure.is_none(),
            expected: expected.map(|expected| expected.lines.clone()).unwrap_or_default(),
            commands: step.commands.iter().map(|line| line.text.clone()).collect(),
            moments,
        };
        (played, failure)
    }

    fn command(&mut self, timed: &Timed, text: &str, moments: &mut Vec<Moment>) -> Result<()> {
        if let Some(now) = timed.now {
            self.advance(now, moments)?;
        }
        if timed.action == Action::Until {
            return Ok(());
        }
        self.act(&timed.action)?;
        let lines = self.settle()?;
        // What only changes the scenario is no event.
        let is_event = !matches!(timed.action, Action::Answers(_) | Action::Headers | Action::Requests);
        if is_event || !lines.is_empty() {
            moments.push(Moment { at: self.driver.now(), command: Some(text.to_owned()), lines });
        }
        Ok(())
    }

    /// Advances the clock; what its timers lead to is of the time at which they fire.
    fn advance(&mut self, until: Timestamp, moments: &mut Vec<Moment>) -> Result<()> {
        while self.driver.now() < until {
            let left = until.since(self.driver.now());
            self.driver.advance_to_timer(left).map_err(|error| error.to_string())?;
            let at = self.driver.now();
            let lines = self.settle()?;
            if !lines.is_empty() {
                moments.push(Moment { at, command: None, lines });
            }
        }
        Ok(())
    }

    /// What has happened; acts that a scenario has answered in advance are answered.
    fn settle(&mut self) -> Result<Vec<String>> {
        let mut lines = self.observe()?;
        for _ in 0..ANSWERS_MAX {
            let acts = self.driver.acts();
            let answered = acts.iter().find_map(|pending| {
                let request: serde_json::Value = serde_json::from_str(&pending.act.request).ok()?;
                Some((pending.key.clone(), self.answers.get(request.get("do")?.as_str()?)?.clone()))
            });
            let Some((key, verdict)) = answered else { return Ok(lines) };
            self.driver.answer(&key.text(), verdict).map_err(|error| error.to_string())?;
            lines.extend(self.observe()?);
        }
        Err(format!("more than {ANSWERS_MAX} acts were answered: does an answer lead to the same request again?"))
    }

    fn observe(&mut self) -> Result<Vec<String>> {
        let lines = self.observer.observe(&mut self.driver, self.shown).map_err(|error| error.to_string())?;
        Ok(lines.iter().map(|line| self.names.shorten(line)).collect())
    }

    /// The entries.
    fn ends(&mut self, definitions: &Definitions) -> Result<Vec<EndState>> {
        let shown = self.driver.show_all().map_err(|error| error.to_string())?;
        let end = |(processor, shown): (String, serde_json::Value)| {
            let picture = picture(&shown, definitions).map(|picture| self.names.shorten(&picture));
            let shown = serde_json::from_str(&self.names.shorten(&shown.to_string())).unwrap_or(shown);
            EndState { processor, shown, picture }
        };
        Ok(shown.into_iter().map(end).collect())
    }

    fn act(&mut self, action: &Action) -> Result<()> {
        match action {
            Action::Send(sent) => self.send(sent),
            Action::Until => Ok(()),
            Action::Answer { key, verdict } => self.answer(key, verdict.clone()),
            Action::Answers(answers) => {
                self.answers.clone_from(answers);
                Ok(())
            }
            Action::Operate { processor, key, name, arguments } => {
                self.operate(processor, &Key::new(key), name, arguments.clone())
            }
            Action::Headers => {
                self.shown.headers = true;
                Ok(())
            }
            Action::Requests => {
                self.shown.requests = true;
                Ok(())
            }
        }
    }

    fn answer(&mut self, key: &str, verdict: Verdict) -> Result<()> {
        let keys: Vec<String> = self.driver.acts().iter().map(|act| format!("`{}`", act.key)).collect();
        if !keys.contains(&format!("`{key}`")) {
            let waiting =
                if keys.is_empty() { "none does".to_owned() } else { format!("those of {} do", keys.join(", ")) };
            return Err(format!("no act of `{key}` waits for an answer: {waiting}"));
        }
        self.driver.answer(key, verdict).map_err(|error| error.to_string())
    }

    fn send(&mut self, sent: &Sent) -> Result<()> {
        let record = OutRecord {
            topic: Topic::new(&sent.topic),
            partition: Some(0),
            key: sent.key.as_deref().map(Key::new),
            value: sent.value.clone(),
            headers: sent.headers.clone(),
            timestamp: Some(sent.at.unwrap_or(self.driver.now())),
        };
        let offset = self.driver.send_record(&record).map_err(|error| error.to_string())?;
        self.observer.sent(&record.topic, offset);
        Ok(())
    }

    fn operate(&mut self, processor: &str, key: &Key, name: &str, arguments: BTreeMap<String, String>) -> Result<()> {
        let plan = self.driver.plan();
        let names: Vec<String> = plan.topology.nodes.iter().map(|node| node.name.to_string()).collect();
        let index = names.iter().position(|known| known == processor);
        let inbox = index.and_then(|index| plan.nodes.get(index)).map(|topics| topics.inbox.clone());
        let Some(inbox) = inbox else {
            let known = names.join(", ");
            return Err(DriverError::NoProcessor { processor: processor.to_owned(), known }.to_string());
        };
        self.commands += 1;
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, &self.commands.to_be_bytes());
        let (by, why, at) = ("a scenario".to_owned(), String::new(), self.driver.now());
        let command = processor::Command { id, name: name.to_owned(), arguments, by, why, at, traceparent: None };
        self.driver.send_records(&[command_record(key, &command, &inbox)]).map_err(|error| error.to_string())
    }
}
