//! A time in an answer.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::Timestamp;

/// A time in UTC, in the form of RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(value_type = String, format = DateTime, examples("2026-03-01T02:15:00.000Z"))]
#[serde(transparent)]
pub struct Time(String);

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self(at.to_string())
    }
}
