//! What happened at a moment of a scenario, as lines of a story.

use std::collections::BTreeMap;

use super::super::printer::Colour;
use super::brief::{Object, after};
use super::line::Line;
use crate::testing::golden::Command;
use crate::testing::scenario::Moment;

/// The fields of a `StartTask` and of a `StartWorkflow` that are told otherwise, or say nothing here.
const ENVELOPE: [&str; 7] =
    ["business_ref_no", "component_name", "event_name", "stage_name", "task_name", "task_type", "input"];
const SHEAF: &str = "sheaf";

/// Who and what, in which colour.
type Told = (String, String, Colour);

/// Tells the moments of a scenario.
#[derive(Debug, Default)]
pub(super) struct Teller {
    /// Who does a task: its topic, or the role of a person.
    workers: BTreeMap<String, String>,
    /// The sink that was called last.
    called: String,
    has_begun: bool,
}

impl Teller {
    /// The lines of a moment.
    pub(super) fn moment(&mut self, moment: &Moment) -> Vec<Line> {
        let command = moment.command.as_deref().and_then(|text| Command::parse(text).ok());
        let mut told: Vec<Told> = command.iter().map(|command| self.says(command)).collect();
        let sent = command.as_ref().and_then(|command| command.words.get(1));
        let is_closed = moment.lines.iter().any(|line| line.starts_with("state ") && line.contains(" closed/"));
        let mut later = Vec::new();
        let mut lines = moment.lines.iter().peekable();
        while let Some(line) = lines.next() {
            let mut content = String::new();
            while let Some(more) = lines.next_if(|line| line.starts_with(' ')) {
                content.push_str(more.trim());
            }
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let rest = rest.trim_start();
            match word {
                "forward" => told.extend(self.forward(rest, sent)),
                "act" => told.push(self.act(rest, &content)),
                "alert" => told.extend(alert(rest, &content)),
                "dead" => told.push(("dead letter".to_owned(), rest.to_owned(), Colour::Red)),
                "count" if rest.ends_with("ignored_total repeated") => {
                    told.push(sheaf("has heard this before: it changes nothing", Colour::Grey));
                }
                "state" if rest.ends_with(" none") => {
                    told.push(sheaf("forgets the flow, whose end is a week ago", Colour::Grey));
                }
                "timer" if !is_closed => later.extend(timer(rest)),
                _ => {}
            }
        }
        told.extend(later);
        told.into_iter().map(|(who, text, colour)| Line { at: moment.at, who, text, colour }).collect()
    }

    /// What a command of the scenario says.
    fn says(&mut self, command: &Command) -> Told {
        let word = |index: usize| command.words.get(index).map(String::as_str).unwrap_or_default();
        let named = |name: &str| command.named.get(name).map(String::as_str);
        let body = |index: usize| Object::parse(word(index));
        match command.name.as_str() {
            "send" => self.message(word(0), named("header.type"), &body(1)),
            "answer" => {
                let status = named("status").unwrap_or("200");
                let (answer, colour) = match word(1) {
                    "response" if status.starts_with('2') => (format!("answers {status}"), Colour::Green),
                    "response" => (format!("answers {status}"), Colour::Red),
                    "lost" => ("gives no answer: the connection was reset".to_owned(), Colour::Red),
                    "not_sent" => ("cannot be reached".to_owned(), Colour::Red),
                    other => (format!("answers: {other}"), Colour::Red),
                };
                (self.called.clone(), answer + &after(&body(2).words(&[])), colour)
            }
            "command" => {
                let step = named("step").unwrap_or_default();
                let who = self.workers.get(step).map_or("operator", String::as_str).to_owned();
                let step = if step.is_empty() { String::new() } else { format!(" --step {step}") };
                (who, format!("sheaf flows {} {}{step}", word(2), word(1)), Colour::Green)
            }
            other => ("scenario".to_owned(), other.to_owned(), Colour::Grey),
        }
    }

    /// A message that comes in.
    fn message(&mut self, topic: &str, header: Option<&str>, value: &Object<'_>) -> Told {
        let (event, task) = (value.text("event_name"), value.text("task_name"));
        if !task.is_empty() {
            let who = self.workers.get(&task).map_or("worker", String::as_str).to_owned();
            let words = [value.below("result").words(&[]), value.text("reason")].concat();
            let colour = if event == "TaskFailed" { Colour::Red } else { Colour::Green };
            return (who, format!("{event} {task}{}", after(&words)), colour);
        }
        let who = if std::mem::replace(&mut self.has_begun, true) { topic } else { "client" };
        let of_value = if event.is_empty() { value.text("type") } else { event };
        let kind = header.map_or(of_value, str::to_owned);
        let key = Some(value.text("business_ref_no")).filter(|key| !key.is_empty());
        let key = key.map(|key| format!(" {key}")).unwrap_or_default();
        let data = if value.has("data") { value.below("data").words(&[]) } else { value.words(&ENVELOPE) };
        (who.to_owned(), format!("{kind}{key}{}", after(&data)), Colour::Plain)
    }

    /// A record that sheaf writes: a task, a message, or the end of a flow. `OUTPUT key=KEY VALUE`.
    fn forward(&mut self, rest: &str, sent: Option<&String>) -> Option<Told> {
        let mut parts = rest.splitn(3, ' ');
        let (output, _, value) = (parts.next()?, parts.next()?, parts.next()?);
        if sent.is_some_and(|sent| sent == value) {
            // The topic that is read is the one that is written: this is the message itself.
            return None;
        }
        let value = Object::parse(value);
        if value.has("ending") {
            return Some(end(&value));
        }
        let task = value.text("task_name");
        if task.is_empty() {
            let data = value.below("data").words(&[]);
            return Some(sheaf(format!("sends {}{}", value.text("type"), after(&data)), Colour::Blue));
        }
        let is_human = value.text("task_type") == "HUMAN";
        let role = Some(value.text("assigned_to")).filter(|role| !role.is_empty());
        let who = if is_human { role.unwrap_or_else(|| "person".to_owned()) } else { output.to_owned() };
        self.workers.insert(task.clone(), who);
        let words = [value.below("input").words(&[]), value.words(&ENVELOPE)];
        let words = words.into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(", ");
        let back = task.strip_suffix("-undo").map(|step| format!("takes {step} back: ")).unwrap_or_default();
        let whom = if is_human { " for a person" } else { "" };
        Some(sheaf(format!("{back}StartTask {task}{whom}, to {output}{}", after(&words)), Colour::Blue))
    }

    /// A call. `SINK key=KEY attempt=N REQUEST`, and the body.
    fn act(&mut self, rest: &str, content: &str) -> Told {
        let called = rest.split(' ').next().unwrap_or_default();
        called.clone_into(&mut self.called);
        let attempt = rest.split(' ').find_map(|word| word.strip_prefix("attempt=")).unwrap_or("1");
        let again = if attempt == "1" { String::new() } else { format!(", attempt {attempt}") };
        let body = content.strip_prefix("body:").unwrap_or_default();
        sheaf(format!("calls {called}{again}{}", after(&Object::parse(body).words(&[]))), Colour::Blue)
    }
}

fn sheaf(text: impl Into<String>, colour: Colour) -> Told {
    (SHEAF.to_owned(), text.into(), colour)
}

/// The end of a flow.
fn end(value: &Object<'_>) -> Told {
    let [flow, key, ending, reason] = ["flow", "key", "ending", "reason"].map(|field| value.text(field));
    let colour = if ending == "completed" { Colour::Green } else { Colour::Red };
    sheaf(format!("flow {flow} {key} has ended: {ending}{}", after(&reason)), colour)
}

/// An alert and its remedy. `KIND SEVERITY key=KEY at=AT: MESSAGE`, and the details.
fn alert(rest: &str, content: &str) -> Vec<Told> {
    let (head, message) = rest.split_once(": ").unwrap_or((rest, ""));
    let kind = head.split(' ').next().unwrap_or_default();
    let mut told = vec![("ALERT".to_owned(), format!("{kind}: {message}"), Colour::Red)];
    let remedy = Object::parse(content).text("remedy");
    if !remedy.is_empty() {
        told.push(("ALERT".to_owned(), remedy, Colour::Grey));
    }
    told
}

/// A time for which the flow waits. `PROCESSOR KEY KIND due=AT`.
fn timer(rest: &str) -> Option<Told> {
    let due = rest.split(' ').find_map(|word| word.strip_prefix("due="))?;
    let text = if rest.contains(" deadline") { format!("waits until {due}") } else { format!("goes on at {due}") };
    Some(sheaf(text, Colour::Grey))
}
