//! A bundle as the templates of body and path see it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::processor::bundle::NamedChildren;
use crate::processor::delivery::Submission;
use crate::processor::delivery::sample::{BUNDLE_ID, Filled};
use crate::template::{Payload, SamplePayload};

/// The names of the variables.
pub(super) const VARIABLES: [&str; 7] =
    ["bundle_id", "parent", "children", "members", "first_event_at", "completed_at", "late"];

/// The variables, with payloads of type `P`.
#[derive(Serialize)]
pub(super) struct Values<'a, P: Serialize> {
    pub(super) bundle_id: &'a str,
    /// `None`: the bundle has no parent.
    parent: Option<&'a P>,
    children: &'a [P],
    members: BTreeMap<&'a str, Vec<&'a P>>,
    first_event_at: &'a Value,
    completed_at: &'a Value,
    late: &'a Value,
}

impl<'a> Values<'a, Payload> {
    pub(super) fn of(submission: &'a Submission) -> Self {
        Self {
            bundle_id: &submission.bundle_id,
            parent: Some(&submission.parent),
            children: &submission.children,
            members: submission.by_name(),
            first_event_at: &submission.first_event_at,
            completed_at: &submission.completed_at,
            late: &submission.late,
        }
    }
}

impl<'a> Values<'a, SamplePayload> {
    pub(super) fn sample(filled: &'a Filled, names: &'a [NamedChildren]) -> Self {
        Self {
            bundle_id: BUNDLE_ID,
            parent: filled.parent.as_ref(),
            children: &filled.children,
            members: filled.by_name(names),
            first_event_at: &filled.first_event_at,
            completed_at: &filled.completed_at,
            late: &filled.late,
        }
    }
}
