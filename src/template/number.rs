//! Numbers that a template writes with the digits that were sent, although it calculates with other ones.
//!
//! The engine has 64-bit floats and integers of 128 bits. `10.10`, `1E5` and `0.1000` are floats with another spelling, and an
//! integer of 40 digits is another number as a float. Such a number is a [`Sent`]: an object that is written as it was sent.
//! The engine can neither calculate with an object nor compare it with a number, so what it stands for is in it too.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{DynObject, Kwargs, Object, ObjectRepr, ValueKind};
use minijinja::{Environment, State, Value, filters};

/// Starts a number in the rendered text: the digits that were sent, [`FLOAT`], what a float would be written as, [`STOP`].
pub(super) const SENT: char = '\u{FDD3}';
/// Separates the two spellings of a number.
pub(super) const FLOAT: char = '\u{FDD4}';
/// Ends a number.
pub(super) const STOP: char = '\u{FDD5}';

/// A number that the engine would write in another way than it was sent.
#[derive(Debug)]
pub(super) struct Sent {
    /// The number as it was sent.
    pub(super) digits: String,
    /// The nearest number of the engine.
    pub(super) near: Value,
}

impl Object for Sent {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.near.is_true()
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        Some(self.near.cmp(&other.downcast_ref::<Self>()?.near))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&marked(&self.digits, &self.near.to_string()))
    }
}

/// The two spellings of a number between marks.
pub(super) fn marked(digits: &str, float: &str) -> String {
    format!("{SENT}{digits}{FLOAT}{float}{STOP}")
}

/// The value of a JSON number.
pub(super) fn value(digits: &str) -> Value {
    let near = if digits.contains(['.', 'e', 'E']) { None } else { integer(digits) };
    let near = near.unwrap_or_else(|| Value::from(digits.parse::<f64>().unwrap_or(f64::NAN)));
    if serde_json::to_string(&near).is_ok_and(|written| written == digits) {
        return near;
    }
    Value::from_object(Sent { digits: digits.to_owned(), near })
}

fn integer(digits: &str) -> Option<Value> {
    let small = digits.parse::<i64>().map(Value::from);
    small
        .ok()
        .or_else(|| digits.parse::<i128>().map(Value::from).ok())
        .or_else(|| digits.parse::<u128>().map(Value::from).ok())
}

/// The same value with the engine's numbers in place of all [`Sent`] ones; `None` if it has none.
pub(super) fn near(value: &Value) -> Option<Value> {
    if let Some(sent) = value.downcast_object_ref::<Sent>() {
        return Some(sent.near.clone());
    }
    if value.kind() == ValueKind::Map {
        let with_item = |key: Value| value.get_item(&key).map(|item| (key, item));
        let fields: Vec<(Value, Value)> = value.try_iter().ok()?.map(with_item).collect::<Result<_, _>>().ok()?;
        let changed: Vec<Option<Value>> = fields.iter().map(|(_, item)| near(item)).collect();
        let merged = |((key, item), near): ((Value, Value), Option<Value>)| (key, near.unwrap_or(item));
        let has_any = changed.iter().any(Option::is_some);
        return has_any.then(|| Value::from_pairs(fields.into_iter().zip(changed).map(merged)));
    }
    if value.kind() == ValueKind::Seq {
        let items: Vec<Value> = value.try_iter().ok()?.collect();
        let changed: Vec<Option<Value>> = items.iter().map(near).collect();
        let has_any = changed.iter().any(Option::is_some);
        return has_any.then(|| items.into_iter().zip(changed).map(|(item, near)| near.unwrap_or(item)).collect());
    }
    None
}

/// The floats of a value: what the engine writes as JSON, and what was sent.
pub(super) fn floats(value: &Value, found: &mut Vec<(String, String)>) {
    let as_json = |value: &Value| serde_json::to_string(value).unwrap_or_default();
    if let Some(sent) = value.downcast_object_ref::<Sent>() {
        found.push((as_json(&sent.near), sent.digits.clone()));
        return;
    }
    if value.kind() == ValueKind::Number && !value.is_integer() {
        found.push((as_json(value), as_json(value)));
    } else if value.kind() == ValueKind::Map {
        let keys = value.try_iter().into_iter().flatten();
        keys.for_each(|key| floats(&value.get_item(&key).unwrap_or_default(), found));
    } else if value.kind() == ValueKind::Seq {
        value.try_iter().into_iter().flatten().for_each(|item| floats(&item, found));
    }
}

/// Adds the filters `float` and `int`, by which a template calculates with a number that was sent.
pub(super) fn add_filters(environment: &mut Environment<'_>) {
    let near =
        |value: &Value| value.downcast_object_ref::<Sent>().map_or_else(|| value.clone(), |sent| sent.near.clone());
    environment.add_filter(
        "float",
        move |state: &State<'_, '_>, value: &Value, default: Option<Value>, options: Kwargs| {
            filters::float(state, &near(value), default, options)
        },
    );
    environment.add_filter(
        "int",
        move |state: &State<'_, '_>, value: &Value, default: Option<Value>, base: Option<u32>, options: Kwargs| {
            filters::int(state, &near(value), default, base, options)
        },
    );
}

/// The rendered text with one of the two spellings of each number.
pub(super) fn resolve(text: &str, as_sent: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, number)) = rest.split_once(SENT) {
        out.push_str(before);
        let (digits, after) = number.split_once(FLOAT).unwrap_or((number, ""));
        let (float, after) = after.split_once(STOP).unwrap_or((after, ""));
        out.push_str(if as_sent { digits } else { float });
        rest = after;
    }
    out.push_str(rest);
    out
}
