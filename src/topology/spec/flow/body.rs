//! What one step does: `task`, `send`, `await`, `sleep` or `stage`, and the keys that go with each.

use std::sync::Arc;
use std::time::Duration;

use super::known::{Known, read_if};
use super::{call, task, time, value};
use crate::codec::yaml::{Fields, Item, Value};
use crate::processor::flow::{Action, Kind, Message, Retry, Trouble};
use crate::template::Expression;

/// The keys that say what a step does.
pub(super) const KINDS: [&str; 6] = ["task", "send", "call", "await", "sleep", "stage"];

/// A step that is read, but for the steps in it. What could not be read has its default, so that the steps in it are read too.
pub(super) struct Body<'a> {
    /// False if something could not be read; a problem tells what.
    pub(super) is_whole: bool,
    pub(super) kind: Kind,
    pub(super) action: Action,
    pub(super) condition: Option<Expression>,
    pub(super) retry: Retry,
    pub(super) within: Option<Duration>,
    pub(super) remind_after: Option<Duration>,
    /// The names of the steps that it needs; `None`: the one before it.
    pub(super) after: Option<Item<'a>>,
    /// The steps of a stage.
    pub(super) stage: Option<Item<'a>>,
    /// The steps that handle trouble.
    pub(super) handlers: Vec<(Trouble, Item<'a>)>,
    /// What takes it back.
    pub(super) undo: Option<Item<'a>>,
}

/// Reads a step's body.
pub(super) fn read<'a>(item: &Item<'a>, known: Known<'_>) -> Option<Body<'a>> {
    if !matches!(item.node().value, Value::Map(_)) {
        return item.expected("a map with what the step does", Some(format!("write one of {}", quoted(&KINDS))));
    }
    let mut fields = item.fields()?;
    let kinds = kinds(item, &mut fields)?;
    let [task, send, call, awaited, _, stage] = &kinds;
    let has_kind = kinds.iter().any(Option::is_some);
    let condition = fields.item("when");
    let retry = fields.item("retry");
    let within = fields.item("within");
    let remind = fields.item("remind");
    let after = fields.item("after");
    let on = fields.item("on");
    let undo = fields.item("undo");
    let keys = Keys {
        task: task::KEYS.map(|key| fields.item(key)),
        send: [fields.item("data"), fields.item("reply")],
        call: call::KEYS.map(|key| fields.item(key)),
    };
    fields.finish();
    // Nothing is known of the keys of a step that does nothing: its kind may be misspelt.
    if has_kind && call.is_none() {
        refuse(keys.call.iter().flatten(), "only a `call` has this");
    }
    if has_kind && task.is_none() {
        refuse(keys.task.iter().flatten(), "only a `task` has this");
    }
    if has_kind && send.is_none() {
        refuse(keys.send.iter().flatten(), "only a `send` has this");
    }
    let is_request = task.is_some()
        || call.is_some()
        || awaited.is_some()
        || (send.is_some() && keys.send.iter().skip(1).flatten().count() > 0);
    if has_kind && !is_request {
        let waits = [&retry, &within, &remind, &on].into_iter().flatten();
        refuse(
            waits,
            "only a step that waits for an answer has this: a `task`, a `call`, an `await`, a `send` with a `reply`",
        );
    }
    let (kind, action) = action(&kinds, &keys, known);
    let condition = read_if(condition.as_ref(), |item| value::condition(item, known.variables));
    let retry = read_if(retry.as_ref(), time::retry);
    let [within, remind] = [within, remind].map(|item| read_if(item.as_ref(), time::positive));
    let handlers = read_if(on.as_ref(), handlers);
    let is_whole = kind.is_some()
        && action.is_some()
        && condition.is_ok()
        && retry.is_ok()
        && within.is_ok()
        && remind.is_ok()
        && handlers.is_ok();
    let retry_default = if call.is_some() { call::RETRY_DEFAULT } else { Retry::ONCE };
    Some(Body {
        is_whole,
        kind: kind.unwrap_or(Kind::Once),
        action: action.unwrap_or(Action::None),
        condition: condition.ok().flatten(),
        retry: retry.ok().flatten().unwrap_or(retry_default),
        within: within.ok().flatten(),
        remind_after: remind.ok().flatten(),
        after,
        stage: stage.clone(),
        handlers: handlers.ok().flatten().unwrap_or_default(),
        undo,
    })
}

/// What stands under each of the words of [`KINDS`], of which there is one.
fn kinds<'a>(item: &Item<'a>, fields: &mut Fields<'a>) -> Option<[Option<Item<'a>>; 6]> {
    let found: Vec<Option<Item<'a>>> = KINDS.iter().map(|kind| fields.item(kind)).collect();
    let given: Vec<&Item<'a>> = found.iter().flatten().collect();
    match given.as_slice() {
        [] => item.problem("the step does nothing", Some(format!("add one of {}", quoted(&KINDS)))),
        [_] => {}
        [_, second, ..] => {
            let hint = "keep one of them; several steps have several names".to_owned();
            second.problem(format!("a step is one of {}", quoted(&KINDS)), Some(hint));
        }
    }
    found.try_into().ok()
}

/// The keys of one kind only.
struct Keys<'a> {
    task: [Option<Item<'a>>; 4],
    send: [Option<Item<'a>>; 2],
    call: [Option<Item<'a>>; 7],
}

/// What a step does: its kind and its action, as far as they can be read.
fn action(kinds: &[Option<Item<'_>>; 6], keys: &Keys<'_>, known: Known<'_>) -> (Option<Kind>, Option<Action>) {
    let [task, send, call, awaited, sleep, stage] = kinds;
    if let Some(task) = task {
        (Some(Kind::Request), task::read(task, &keys.task, known).map(Action::Task))
    } else if let Some(send) = send {
        let message = message(send, &keys.send, known);
        let kind = message.as_ref().map(|message| if message.reply.is_some() { Kind::Request } else { Kind::Once });
        (kind, message.map(Action::Send))
    } else if let Some(call) = call {
        (Some(Kind::Request), call::read(call, &keys.call, known).map(Action::Call))
    } else if let Some(awaited) = awaited {
        (Some(Kind::Request), awaited.read::<String>().map(|kind| Action::Await(kind.into())))
    } else if let Some(sleep) = sleep {
        (time::positive(sleep).map(Kind::Sleep), Some(Action::None))
    } else {
        // The caller makes the scope of a stage.
        (stage.as_ref().map(|_| Kind::Once), Some(Action::None))
    }
}

fn refuse<'i, 'a: 'i>(items: impl Iterator<Item = &'i Item<'a>>, message: &str) {
    items.for_each(|item| item.problem(message, Some("remove it".to_owned())));
}

fn message(kind: &Item<'_>, [data, reply]: &[Option<Item<'_>>; 2], known: Known<'_>) -> Option<Message> {
    if !known.has_writes {
        kind.problem(
            "the flow has no topic to send it to",
            Some("add `writes: { topic: NAME }` to the flow".to_owned()),
        );
    }
    let data = read_if(data.as_ref(), |item| value::object(item, (known.step, known.variables)));
    let reply = read_if(reply.as_ref(), Item::read::<String>);
    let kind: Option<String> = kind.read();
    let reply: Option<Arc<str>> = reply.ok()?.map(Into::into);
    Some(Message { kind: kind?.into(), data: data.ok()?, reply })
}

fn handlers<'a>(item: &Item<'a>) -> Option<Vec<(Trouble, Item<'a>)>> {
    let mut fields: Fields<'a> = item.fields()?;
    let found: Vec<(Trouble, Item<'a>)> =
        Trouble::ALL.iter().filter_map(|trouble| Some((*trouble, fields.item(trouble.as_str())?))).collect();
    fields.finish();
    // A word that is unknown is told already.
    let is_known = |word: &str| Trouble::ALL.iter().any(|trouble| trouble.as_str() == word);
    if found.is_empty() && item.node().entries().iter().all(|entry| is_known(&entry.key)) {
        item.problem(
            "it handles nothing",
            Some("add `refused:`, `exhausted:`, `late:` or `failed:` with steps".to_owned()),
        );
    }
    Some(found)
}

/// `a`, `b` and `c`.
pub(super) fn quoted(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}
