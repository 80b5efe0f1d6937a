//! The section `control_m`: the Automation API, and the times that deliveries to it need.

use std::time::Duration;

use super::Reference;
use super::field::{Default, Field, Kind};
use super::reader::Reader;

/// Control-M's Automation API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlM {
    /// The URL up to and including `/automation-api`.
    pub base_url: Reference,
    /// The key for the header `x-api-key`; `None` sends none.
    pub api_key: Option<Reference>,
    /// How long after a submit its folder may still be missing from look-ups.
    pub visibility_lag: Duration,
    /// The time-out of one call.
    pub request_timeout: Duration,
    /// How long after the decision to submit the call may still be started.
    pub intent_valid_for: Duration,
    /// The most calls in flight at once.
    pub in_flight_max: usize,
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        path: "control_m.base_url",
        kind: Kind::Reference,
        default: Default::None("no Control-M"),
        doc: "The URL of the Control-M Automation API, up to and including `/automation-api`. Required by every \
              topology that delivers to Control-M.",
    },
    Field {
        path: "control_m.api_key",
        kind: Kind::Reference,
        default: Default::None("no key is sent"),
        doc: "The key that is sent as `x-api-key`; write a reference, such as `${env:CTM_API_KEY}`.",
    },
    Field {
        path: "control_m.visibility_lag",
        kind: Kind::Duration,
        default: Default::Value("30s"),
        doc: "How long after a submit its folder may still be missing from look-ups. A submit whose answer was lost \
              is looked up only after that time.",
    },
    Field {
        path: "control_m.request_timeout",
        kind: Kind::Duration,
        default: Default::Value("60s"),
        doc: "The time-out of one call.",
    },
    Field {
        path: "control_m.intent_valid_for",
        kind: Kind::Duration,
        default: Default::Value("30s"),
        doc: "How long after the decision to submit the call may still be started. A process that was paused for \
              longer does not send it; a new owner of the task waits for this time, the request time-out and the \
              visibility lag before it looks the submit up.",
    },
    Field {
        path: "control_m.in_flight_max",
        kind: Kind::Integer(1, 1_000),
        default: Default::Value("16"),
        doc: "How many calls to Control-M may be in flight at once, per instance.",
    },
];

/// `None` without a problem when `base_url` is absent: no topology delivers to Control-M then.
pub(super) fn read(from: &Reader<'_>) -> Option<ControlM> {
    let base_url = from.reference("control_m.base_url");
    let api_key = from.reference("control_m.api_key");
    let visibility_lag = from.duration("control_m.visibility_lag");
    let request_timeout = from.duration("control_m.request_timeout");
    let intent_valid_for = from.duration("control_m.intent_valid_for");
    let in_flight_max = from.integer("control_m.in_flight_max");
    if api_key.is_some() && from.item("control_m.base_url").is_none() {
        from.missing("control_m.base_url");
    }
    Some(ControlM {
        base_url: base_url?,
        api_key,
        visibility_lag: visibility_lag?,
        request_timeout: request_timeout?,
        intent_valid_for: intent_valid_for?,
        in_flight_max: in_flight_max?,
    })
}
