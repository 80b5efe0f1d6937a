//! The keys `reads` and `writes` of a flow.

use std::collections::{BTreeMap, BTreeSet};

use crate::codec::json::Pointer;
use crate::codec::yaml::Item;
use crate::processor::flow::{Reads, WriteFormat, Writes};
use crate::topology::StartAt;
use crate::topology::spec::{name, place, start};

/// The header with the type of a message, if a file does not say.
const TYPE_HEADER_DEFAULT: &str = "type";

/// Reads the sources.
pub(super) fn reads(list: &Item<'_>) -> Option<Vec<(Reads, Option<StartAt>)>> {
    let items = list.items()?;
    if items.is_empty() {
        list.problem("there is no source", Some("add `{ topic: workflow-events }`".to_owned()));
        return None;
    }
    let read: Vec<_> = items.iter().map(source).collect();
    let mut topics = BTreeSet::new();
    for (item, source) in items.iter().zip(&read) {
        if let Some((source, _)) = source
            && !topics.insert(&source.topic)
        {
            let hint = "name each topic once; its messages are told apart by their type".to_owned();
            item.problem(format!("topic `{}` is a source already", source.topic), Some(hint));
        }
    }
    read.into_iter().collect()
}

fn source(item: &Item<'_>) -> Option<(Reads, Option<StartAt>)> {
    let mut fields = item.fields()?;
    let topic = fields.required_item("topic").and_then(|item| name::topic(&item));
    let format = place::format(&mut fields, item);
    let kind = fields.item("type").map(|item| place::place(&item));
    let key = fields.item("key").map(|item| place::place(&item));
    let correlation = fields.item("correlation").map(|item| place::place(&item));
    let data = fields.item("data").map(|item| item.parsed(Pointer::parse));
    let start = fields.item("start").map(|item| start::read(&item));
    fields.finish();
    let mut reads = Reads { format: format?, ..Reads::of_templates(&topic?) };
    if let Some(kind) = kind {
        reads.kind = kind?;
    }
    if let Some(key) = key {
        reads.key = key?;
    }
    if let Some(correlation) = correlation {
        reads.correlation = Some(correlation?);
    }
    if let Some(data) = data {
        reads.data = data?;
    }
    let start = match start {
        Some(read) => Some(read?),
        None => None,
    };
    Some((reads, start))
}

/// Reads how messages are written; `topology` is the source of `CloudEvents` if the file names none.
pub(super) fn writes(item: &Item<'_>, topology: &str) -> Option<Writes> {
    let mut fields = item.fields()?;
    let topic = fields.required_item("topic").and_then(|item| name::topic(&item));
    let formats = [("cloudevents", WriteFormat::CloudEvents), ("json", WriteFormat::Json)];
    let format = fields.item("format").map_or(Some(WriteFormat::CloudEvents), |item| item.word(&formats));
    let type_header = fields.item("type_header").map_or(Some(TYPE_HEADER_DEFAULT.to_owned()), |item| item.read());
    let source = fields.item("source").map_or(Some(topology.to_owned()), |item| item.read());
    let carry = fields.item("carry").map_or(Some(Vec::new()), |item| item.texts());
    let set = fields.item("set").map_or(Some(BTreeMap::new()), |item| item.read());
    let modes = [("plain", false), ("embedded", true)];
    let embeds_key = fields.item("correlation").map_or(Some(false), |item| item.word(&modes));
    fields.finish();
    Some(Writes {
        topic: topic?,
        format: format?,
        type_header: type_header?,
        source: source?,
        carry: carry?,
        set: set?,
        embeds_key: embeds_key?,
    })
}
