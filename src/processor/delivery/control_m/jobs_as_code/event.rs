//! The events of a job or a folder: the lists that wait, add and delete, and actions on a condition.

use std::collections::BTreeSet;

use serde_json::Value;

use super::object::{Object, text};
use super::place::below;

/// The events of a job or a folder.
#[derive(Debug, Default)]
pub(super) struct Events<'a> {
    pub(super) lists: Vec<List<'a>>,
    /// Those that an action on a condition adds.
    pub(super) added: Vec<Event<'a>>,
    /// Those that an action on a condition deletes.
    pub(super) deleted: Vec<Event<'a>>,
}

/// A list of events. Its key is free; its type tells what it does.
#[derive(Debug)]
pub(super) struct List<'a> {
    pub(super) kind: Kind,
    pub(super) pointer: String,
    pub(super) items: Vec<Item<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Wait,
    Add,
    Delete,
}

/// An item of a list.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item<'a> {
    Event(Event<'a>),
    /// `AND`, `OR` or a parenthesis.
    Operator(&'a str),
}

/// An event with its date; two are the same if both are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Event<'a> {
    pub(super) name: &'a str,
    pub(super) date: &'a str,
}

/// The defaults of a kind of objects, with their pointer.
pub(super) type Defaults<'a> = (&'static str, &'a Object);

/// The date of the job's order, the default.
pub(super) const ORDER_DATE: &str = "OrderDate";
/// No date: the event stays from day to day.
pub(super) const NO_DATE: &str = "NoDate";
/// Any date.
pub(super) const ANY_DATE: &str = "AnyDate";

impl<'a> Events<'a> {
    /// The events of all lists of a kind.
    pub(super) fn of_lists(&self, kind: Kind) -> impl Iterator<Item = Event<'a>> {
        self.lists.iter().filter(move |list| list.kind == kind).flat_map(List::events)
    }

    /// All events that are added.
    pub(super) fn adds(&self) -> impl Iterator<Item = Event<'a>> {
        self.of_lists(Kind::Add).chain(self.added.iter().copied())
    }

    /// All events that are deleted.
    pub(super) fn deletes(&self) -> impl Iterator<Item = Event<'a>> {
        self.of_lists(Kind::Delete).chain(self.deleted.iter().copied())
    }
}

impl<'a> List<'a> {
    pub(super) fn events(&self) -> impl Iterator<Item = Event<'a>> {
        self.items.iter().filter_map(|item| match item {
            Item::Event(event) => Some(*event),
            Item::Operator(_) => None,
        })
    }
}

impl<'a> Event<'a> {
    fn of(object: &'a Object) -> Self {
        let date = match text(object, "Date") {
            "" | "ODAT" => ORDER_DATE,
            "STAT" => NO_DATE,
            date => date,
        };
        Self { name: text(object, "Event"), date }
    }
}

/// Events that are added.
#[derive(Default)]
pub(super) struct Added<'a> {
    exact: BTreeSet<Event<'a>>,
    names: BTreeSet<&'a str>,
}

impl<'a> FromIterator<Event<'a>> for Added<'a> {
    fn from_iter<T: IntoIterator<Item = Event<'a>>>(events: T) -> Self {
        let mut added = Self::default();
        events.into_iter().for_each(|event| added.add(event));
        added
    }
}

impl<'a> Added<'a> {
    pub(super) fn add(&mut self, event: Event<'a>) {
        self.exact.insert(event);
        self.names.insert(event.name);
    }

    pub(super) fn has(&self, wanted: Event<'_>) -> bool {
        self.exact.contains(&wanted) || (wanted.date == ANY_DATE && self.names.contains(wanted.name))
    }
}

/// The events of an object, and those that it inherits from the defaults of its kind.
pub(super) fn of<'a>(pointer: &str, body: &'a Object, defaults: Option<Defaults<'a>>) -> Events<'a> {
    let mut events = Events::default();
    let own = body.iter().map(|(key, value)| (pointer, key, value));
    let inherited =
        defaults.into_iter().flat_map(|(pointer, body)| body.iter().map(move |(key, value)| (pointer, key, value)));
    for (pointer, key, value) in own.chain(inherited) {
        let Some(object) = value.as_object() else { continue };
        let kind = match text(object, "Type") {
            "WaitForEvents" => Kind::Wait,
            "AddEvents" => Kind::Add,
            "DeleteEvents" => Kind::Delete,
            condition if is_condition(condition) => {
                actions(object, &mut events);
                continue;
            }
            _ => continue,
        };
        let items = object.get("Events").and_then(Value::as_array).into_iter().flatten().filter_map(item);
        events.lists.push(List { kind, pointer: below(pointer, key), items: items.collect() });
    }
    events
}

/// True for the type of an object whose members are actions.
pub(super) fn is_condition(kind: &str) -> bool {
    kind == "If" || (kind.starts_with("If:") && !kind.starts_with("If:SLA:"))
}

fn item(value: &Value) -> Option<Item<'_>> {
    match value {
        Value::Object(event) => Some(Item::Event(Event::of(event))),
        Value::String(operator) => Some(Item::Operator(operator)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

fn actions<'a>(condition: &'a Object, events: &mut Events<'a>) {
    for action in condition.values().filter_map(Value::as_object) {
        match text(action, "Type") {
            "Event:Add" | "Action:Event:Add" => events.added.push(Event::of(action)),
            "Event:Delete" | "Action:Event:Delete" => events.deleted.push(Event::of(action)),
            _ => {}
        }
    }
}
