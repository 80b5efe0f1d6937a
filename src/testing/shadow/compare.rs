//! The differences between what a topology would have written and what was written.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::window::Real;
use crate::model::Timestamp;

/// The field of a submission with the time of its first event.
const FIRST_EVENT_AT: &str = "first_event_at";

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "difference", rename_all = "snake_case")]
pub enum Difference {
    /// It would be written, and was not.
    New {
        /// The key.
        key: String,
    },
    /// It was written, and would not be.
    Missing {
        /// The key.
        key: String,
    },
    /// It would be written with other fields.
    Changed {
        /// The key.
        key: String,
        /// The fields that differ.
        fields: Vec<String>,
    },
}

/// What was compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// The number of records that are the same.
    pub same: usize,
    /// The number of records that were written of entries that have begun before the window.
    pub began_before: usize,
    /// The differences, by key.
    pub differences: Vec<Difference>,
}

/// Compares the records of a run with those that were written.
pub(super) fn compare(played: &BTreeMap<Bytes, Bytes>, real: &Real, from: Timestamp) -> Compared {
    let mut compared = Compared::default();
    let keys: BTreeSet<&Bytes> = played.keys().chain(real.within.keys()).collect();
    for key in keys {
        let text = || String::from_utf8_lossy(key).into_owned();
        let difference = match (played.get(key), real.within.get(key).or_else(|| real.after.get(key))) {
            (Some(played), Some(real)) if played == real => {
                compared.same += 1;
                continue;
            }
            (_, Some(real)) if began_before(real, from) => {
                compared.began_before += 1;
                continue;
            }
            (Some(played), Some(real)) => Difference::Changed { key: text(), fields: differing(played, real) },
            (Some(_), None) => Difference::New { key: text() },
            (None, _) => Difference::Missing { key: text() },
        };
        compared.differences.push(difference);
    }
    compared
}

/// True for what has begun before a time.
fn began_before(value: &Bytes, from: Timestamp) -> bool {
    let parsed: Option<Value> = serde_json::from_slice(value).ok();
    let at = parsed.as_ref().and_then(|value| value.get(FIRST_EVENT_AT)?.as_str()?.parse::<Timestamp>().ok());
    at.is_some_and(|at| at < from)
}

/// The names of the fields that differ; none if a value is no object.
fn differing(one: &Bytes, other: &Bytes) -> Vec<String> {
    let object = |bytes: &Bytes| serde_json::from_slice::<serde_json::Map<String, Value>>(bytes).unwrap_or_default();
    let (one, other) = (object(one), object(other));
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    names.into_iter().filter(|name| one.get(*name) != other.get(*name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        let from: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        let of = |rows: &[(&'static str, &'static str)]| -> BTreeMap<Bytes, Bytes> {
            rows.iter().map(|(key, value)| (Bytes::from(*key), Bytes::from(*value))).collect()
        };
        let played = of(&[("a", "1"), ("b", r#"{"x":1,"y":2}"#), ("c", "3")]);
        let before = r#"{"first_event_at":"2026-01-01T23:00:00.000Z"}"#;
        let real = of(&[("a", "1"), ("b", r#"{"x":1,"y":3,"z":4}"#), ("d", "4"), ("e", before)]);
        let late = of(&[("f", "6"), ("g", "7")]);
        let played = played.into_iter().chain(of(&[("f", "6")])).collect();
        let compared = compare(&played, &Real { within: real, after: late }, from);
        assert_eq!(
            (compared.same, compared.began_before),
            (2, 1),
            "f was written after the window, and g is of later records"
        );
        let key = str::to_owned;
        let expected = [
            Difference::Changed { key: key("b"), fields: vec!["y".to_owned(), "z".to_owned()] },
            Difference::New { key: key("c") },
            Difference::Missing { key: key("d") },
        ];
        assert_eq!(compared.differences, expected);
    }
}
