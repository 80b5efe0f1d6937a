//! The keys of a task.

use super::known::{Known, read_if};
use super::value;
use crate::codec::yaml::Item;
use crate::processor::flow::{FORM, Task, TaskForm, is_own_output};
use crate::topology::spec::name;

/// The keys that only a task has.
pub(super) const KEYS: [&str; 4] = ["input", "human", "extras", FORM];

/// Reads a task.
pub(super) fn read(queue: &Item<'_>, keys: &[Option<Item<'_>>; 4], known: Known<'_>) -> Option<Task> {
    let [input, human, extras, form] = keys;
    if let Some(name) = queue.text().filter(|name| is_own_output(name)) {
        queue.problem(format!("`{name}` is a name that flows use"), Some("name the topic otherwise".to_owned()));
    }
    let queue = name::topic(queue);
    let input = read_if(input.as_ref(), |item| value::object(item, (known.step, known.variables)));
    let role = read_if(human.as_ref(), Item::read::<String>);
    let fields = read_if(extras.as_ref(), extra_fields);
    let schema = read_if(form.as_ref(), |item| self::form(item, (human.is_some(), extras.as_ref())));
    let role = role.ok()?;
    let mut extras = fields.ok()?.unwrap_or_default();
    let (form, text) = schema.ok()?.unzip();
    extras.extend(text.map(|text| (FORM.to_owned(), text)));
    Some(Task {
        queue: queue?.into(),
        is_human: role.is_some(),
        role: role.map(Into::into),
        extras,
        input: input.ok()?,
        form,
    })
}

/// Further fields of a task, as JSON texts.
fn extra_fields(item: &Item<'_>) -> Option<Vec<(String, String)>> {
    let text = constant(item, "extras")?;
    let fields = crate::codec::json::fields(text.as_bytes()).ok()?;
    Some(fields.into_iter().map(|(name, raw)| (name, raw.get().to_owned())).collect())
}

/// A form, and its JSON text.
fn form(item: &Item<'_>, (is_human, extras): (bool, Option<&Item<'_>>)) -> Option<(TaskForm, String)> {
    if !is_human {
        let hint = "add `human: ROLE`, or remove it: a service knows what to answer".to_owned();
        item.problem("only a task of a person has a form", Some(hint));
        return None;
    }
    if extras.is_some_and(|extras| extras.node().entries().iter().any(|entry| entry.key == FORM)) {
        item.problem(
            "`extras` has a field `form` too",
            Some("keep one of them: the form is sent to the worker".to_owned()),
        );
        return None;
    }
    let text = constant(item, FORM)?;
    match TaskForm::parse(&text) {
        Ok(form) => Some((form, text)),
        Err(error) => {
            let hint = "write what a result has, for instance `form: { type: object, properties: { signed_by: { type: string } } }`";
            item.problem(format!("it is no JSON Schema: {error}"), Some(hint.to_owned()));
            None
        }
    }
}

/// An object without expressions, as JSON text.
fn constant(item: &Item<'_>, name: &str) -> Option<String> {
    Some(value::object(item, (name, &[]))?.render(&()).ok()?.text)
}
