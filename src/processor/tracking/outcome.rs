//! The keying step of outcome records, and what tracking reads of them.

use serde::Deserialize;

use super::super::{Keyed, Keying};
use crate::model::{Key, Record, Reject, RejectReason, Timestamp};

/// The role of outcome records.
const ROLE: &str = "outcome";

/// The keying step of the outcome records of a delivery: those of submitted bundles go to the entry of their bundle.
#[derive(Clone, Copy, Debug)]
pub struct OutcomeKeying;

impl Keying for OutcomeKeying {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        let Some(key) = record.key.as_deref().map(Key::from_slice) else {
            return Err(Reject::new(RejectReason::BadId, "the outcome has no key: its key must be the bundle's id"));
        };
        let Fields { outcome, .. } = fields(record)?;
        Ok(if outcome == "submitted" { Keyed::new(key, ROLE, record.timestamp) } else { Keyed::Pass })
    }
}

/// An outcome that begins a run.
pub(super) struct Submitted {
    pub(super) folder: String,
    pub(super) run_id: String,
    pub(super) at: Timestamp,
}

#[derive(Deserialize)]
struct Fields {
    outcome: String,
    #[serde(default)]
    folder: String,
    #[serde(default)]
    run_id: String,
    #[serde(default)]
    at: String,
}

fn fields(record: &Record) -> Result<Fields, Reject> {
    let value = record.value.as_deref().unwrap_or_default();
    let unparsable = |error| Reject::new(RejectReason::Unparsable, format!("the outcome cannot be read: {error}"));
    serde_json::from_slice(value).map_err(unparsable)
}

/// The submit of an outcome record.
pub(super) fn read(record: &Record) -> Result<Submitted, Reject> {
    let Fields { folder, run_id, at, .. } = fields(record)?;
    if folder.is_empty() {
        return Err(Reject::new(
            RejectReason::MissingField,
            "the outcome has no `folder`, so its run cannot be followed",
        ));
    }
    let at = at.parse::<jiff::Timestamp>().map_or(record.timestamp, |at| Timestamp::from_millis(at.as_millisecond()));
    Ok(Submitted { folder, run_id, at })
}
