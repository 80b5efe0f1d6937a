//! The key `version` of a source: where the schema version of its events stands, and which it takes.

use super::place;
use crate::codec::yaml::{Item, Value};
use crate::processor::bundle::{MissingVersion, VersionPattern, VersionRule};

/// Reads `{ at: PLACE, accepts: VERSION or a list of them, missing: reject or accept }`.
pub(super) fn read(item: &Item<'_>) -> Option<VersionRule> {
    let mut fields = item.fields()?;
    let at = fields.required_item("at").and_then(|item| place::place(&item));
    let accepts = fields.required_item("accepts").and_then(|item| patterns(&item));
    let words = [("reject", MissingVersion::Reject), ("accept", MissingVersion::Accept)];
    let missing = fields.item("missing").map_or(Some(MissingVersion::default()), |item| item.word(&words));
    fields.finish();
    Some(VersionRule { at: at?, accepts: accepts?, missing: missing? })
}

fn patterns(item: &Item<'_>) -> Option<Vec<VersionPattern>> {
    if !matches!(item.node().value, Value::List(_)) {
        return pattern(item).map(|pattern| vec![pattern]);
    }
    let items = item.items()?;
    if items.is_empty() {
        item.problem(
            "no version is accepted, so that each event would be a dead letter",
            Some("name at least one".to_owned()),
        );
    }
    let read: Vec<Option<VersionPattern>> = items.iter().map(pattern).collect();
    read.into_iter().collect()
}

fn pattern(item: &Item<'_>) -> Option<VersionPattern> {
    match &item.node().value {
        Value::Integer(number) => VersionPattern::parse(&number.to_string()).ok(),
        Value::Float(_) => {
            item.expected("a text or a whole number", Some("write it in quotes, as in `\"1.0\"`".to_owned()))
        }
        Value::Null | Value::Bool(_) | Value::Text(_) | Value::Loose(_) | Value::List(_) | Value::Map(_) => {
            item.parsed(VersionPattern::parse)
        }
    }
}
