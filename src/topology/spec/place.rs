//! Places of a record, and conditions on them.

use crate::codec::json::Pointer;
use crate::codec::yaml::{Item, Value};
use crate::model::Headers;
use crate::processor::bundle::{Condition, Literal, Place};

/// Reads a place: a JSON pointer into the value, `{ header: NAME }`, `{ key: text }` or `{ key: /pointer }`.
pub(super) fn place(item: &Item<'_>) -> Option<Place> {
    if !matches!(item.node().value, Value::Map(_)) {
        return item.parsed(Pointer::parse).map(Place::Value);
    }
    let mut fields = item.fields()?;
    let found = fields.at_least_one(&["header", "key"]);
    fields.finish();
    match <[Option<Item<'_>>; 2]>::try_from(found).ok()? {
        [Some(_), Some(key)] => {
            key.problem("a place is a header or the key", Some("remove one of the two".to_owned()));
            None
        }
        [Some(header), None] => header.parsed(of_header),
        [None, Some(key)] => key.parsed(of_key),
        [None, None] => None,
    }
}

fn of_header(name: &str) -> Result<Place, String> {
    let reserved = Headers::RESERVED_PREFIX;
    if name.starts_with(reserved) {
        return Err(format!(
            "headers that begin with `{reserved}` are sheaf's own: let the producer write it under another name"
        ));
    }
    Ok(Place::Header(name.to_owned()))
}

fn of_key(text: &str) -> Result<Place, String> {
    match text {
        "text" => Ok(Place::Key),
        _ => Pointer::parse(text).map(Place::KeyField).map_err(|_no_pointer| {
            format!("`{text}` is no place of the key: write `text` for the whole key, or a JSON pointer such as `/id` into it")
        }),
    }
}

/// Reads the conditions of a source.
pub(super) fn conditions(list: &Item<'_>) -> Option<Vec<Condition>> {
    let items = list.items()?;
    if items.is_empty() {
        list.problem("there is no condition", Some("write `- { at: /type, is: order.created }`".to_owned()));
    }
    let read: Vec<Option<Condition>> = items.iter().map(condition).collect();
    read.into_iter().collect()
}

fn condition(item: &Item<'_>) -> Option<Condition> {
    let mut fields = item.fields()?;
    let at = fields.required_item("at").and_then(|item| place(&item));
    let is = fields.required_item("is").and_then(|item| literals(&item));
    fields.finish();
    Some(Condition { at: at?, is: is? })
}

/// Reads a value, or a list of values.
fn literals(item: &Item<'_>) -> Option<Vec<Literal>> {
    if !matches!(item.node().value, Value::List(_)) {
        return literal(item).map(|literal| vec![literal]);
    }
    let items = item.items()?;
    if items.is_empty() {
        item.problem("there is no value, so that no record could be an event", Some("name at least one".to_owned()));
    }
    let read: Vec<Option<Literal>> = items.iter().map(literal).collect();
    read.into_iter().collect()
}

fn literal(item: &Item<'_>) -> Option<Literal> {
    match &item.node().value {
        Value::Text(text) | Value::Loose(text) => Some(Literal::Text(text.clone())),
        Value::Integer(number) => Some(Literal::Integer(*number)),
        Value::Bool(value) => Some(Literal::Boolean(*value)),
        Value::Null | Value::Float(_) | Value::List(_) | Value::Map(_) => {
            item.problem("a condition compares with a text, a whole number, `true` or `false`", None);
            None
        }
    }
}
