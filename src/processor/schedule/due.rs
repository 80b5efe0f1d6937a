//! The record that is written.

use bytes::Bytes;

use super::state::Scheduled;
use super::{count, request};
use crate::model::{Headers, Key, Timestamp};
use crate::processor::{Effect, Forward, Transition};

/// The output of due records.
pub const DUE: &str = "due";

/// Writes the record of an entry, with this time, and deletes the entry.
pub(super) fn write(key: &Key, at: Timestamp) -> Transition<Scheduled> {
    let Some((to, value)) = request::parts(key.as_bytes()) else { return Transition::forget() };
    let due = Forward {
        output: DUE.into(),
        key: Some(Key::from_slice(to)),
        value: Some(Bytes::copy_from_slice(value)),
        headers: Headers::new(),
        timestamp: Some(at),
    };
    Transition::forget().with(Effect::Forward(due)).with(Effect::Count(count::FIRED))
}
