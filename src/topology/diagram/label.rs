//! What a picture says about a step.

use std::time::Duration;

use crate::processor::flow::{Action, Definition, Graph, Kind, Owner, Retry, ScopeId, Step, StepId, Trouble};

/// The most characters of a line in a picture; titles have the whole.
const LINE_CHARS_MAX: usize = 42;

/// The symbol of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol {
    /// A service is asked, and answers.
    Service,
    /// A person does it.
    Human,
    /// A message is sent.
    Send,
    /// A message is awaited.
    Await,
    /// A time is awaited.
    Sleep,
    /// Steps of its own.
    Stage,
    /// What is done is undone.
    Undo,
    /// A step begins again.
    Rerun,
    /// The flow has failed.
    Fail,
}

impl Symbol {
    /// That of a step.
    pub(super) fn of(definition: &Definition, id: StepId) -> Self {
        match (&definition.graph.step(id).kind, definition.action(id)) {
            (Kind::Sleep(_), _) => Self::Sleep,
            (Kind::Scope(_), _) => Self::Stage,
            (Kind::Undo, _) => Self::Undo,
            (Kind::Rerun(_), _) => Self::Rerun,
            (Kind::Fail(_), _) => Self::Fail,
            (Kind::Once, _) => Self::Send,
            (Kind::Request, Action::Await(_)) => Self::Await,
            (Kind::Request, Action::Task(task)) if task.is_human => Self::Human,
            (Kind::Request, Action::None | Action::Task(_) | Action::Send(_) | Action::Call(_)) => Self::Service,
        }
    }

    /// Its word, for styles.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Human => "human",
            Self::Send => "send",
            Self::Await => "await",
            Self::Sleep => "sleep",
            Self::Stage => "stage",
            Self::Undo => "undo",
            Self::Rerun => "rerun",
            Self::Fail => "fail",
        }
    }
}

/// What a step does and under which rules, a line for each.
pub(super) fn details(definition: &Definition, id: StepId) -> Vec<String> {
    let step = definition.graph.step(id);
    let mut lines = work(definition, id);
    if step.has_condition {
        lines.push(format!("if {}", condition(definition, id)));
    }
    lines.extend(rules(step));
    lines
}

/// The condition of a step.
pub(super) fn condition(definition: &Definition, id: StepId) -> String {
    definition.condition(id).map_or("its condition is true", |expression| expression.text()).to_owned()
}

/// What a step does.
fn work(definition: &Definition, id: StepId) -> Vec<String> {
    let graph = &definition.graph;
    match &graph.step(id).kind {
        Kind::Once | Kind::Request => match definition.action(id) {
            Action::None => Vec::new(),
            Action::Task(task) if task.is_human => {
                let role = task.role.as_ref().map(|role| format!(" for {role}")).unwrap_or_default();
                vec![format!("human task{role}"), format!("queue {}", task.queue)]
            }
            Action::Task(task) => vec![format!("task {}", task.queue)],
            Action::Send(message) => {
                let reply = message.reply.as_ref().map(|reply| format!("awaits {reply}"));
                [format!("sends {}", message.kind)].into_iter().chain(reply).collect()
            }
            Action::Await(kind) => vec![format!("awaits {kind}")],
            Action::Call(call) => vec![format!("calls {}", call.to)],
        },
        Kind::Sleep(time) => vec![format!("waits {}", words(*time))],
        Kind::Scope(_) => Vec::new(),
        Kind::Undo => vec!["takes back what is done".to_owned()],
        Kind::Rerun(target) => vec![format!("{} again", graph.step(*target).name)],
        Kind::Fail(reason) => vec![format!("fails: {reason}")],
    }
}

/// The rules of a step's tries and times.
fn rules(step: &Step) -> Vec<String> {
    let Retry { tries, delay } = step.retry;
    let retry = (tries > 1).then(|| format!("{tries} tries, {} apart", words(delay)));
    let within = step.within.map(|time| format!("within {}", words(time)));
    let remind = step.remind_after.map(|time| format!("reminder after {}", words(time)));
    [retry, within, remind].into_iter().flatten().collect()
}

/// A time, as topology files have it.
fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    let parts = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let milliseconds = (u64::from(time.subsec_millis()), "ms");
    let parts = parts.into_iter().chain([milliseconds]).filter(|(count, _)| *count > 0);
    let text: Vec<String> = parts.map(|(count, unit)| format!("{count}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text.join(" ") }
}

/// A text as one line that is not too long for a picture.
pub(super) fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LINE_CHARS_MAX {
        return line;
    }
    line.chars().take(LINE_CHARS_MAX - 1).chain(['…']).collect()
}

/// The title of a lane.
pub(super) fn lane(graph: &Graph, scope: ScopeId) -> String {
    match graph.scope(scope).owner {
        Owner::Flow => "flow".to_owned(),
        Owner::Step(step) => graph.step(step).name.to_string(),
        Owner::Handler(step, trouble) => match (trouble, graph.step(step).within) {
            (Trouble::Late, Some(time)) => format!("on late, after {}", words(time)),
            (Trouble::Late | Trouble::Refused | Trouble::Exhausted | Trouble::Failed, _) => {
                format!("on {}", trouble.as_str())
            }
        },
        Owner::Undo(_) => "undo".to_owned(),
    }
}
