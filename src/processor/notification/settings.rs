//! Routes, groups and limits of the messages to people.

use std::time::Duration;

use super::told::Told;
use crate::model::{Severity, Target};
use crate::processor::call::Limits;

/// The most routes: each has a slot of acts, and a part of the entry.
pub const ROUTES_MAX: usize = 8;

/// Routes, groups and limits. All durations are on the wall clock of the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The application id, the name of the sender in messages.
    pub application: String,
    /// The routes, with different names.
    pub routes: Vec<Route>,
    /// The properties that alerts of one group have in common; without any all alerts are one group.
    pub group_by: Vec<GroupBy>,
    /// The time from the first alert of a group to its message.
    pub group_wait: Duration,
    /// The shortest time between two messages of a group.
    pub group_interval: Duration,
    /// The most messages of a route that begin in any hour, at least 1.
    pub max_per_hour: usize,
    /// The time within which an attempt may begin after its commit.
    pub intent_valid_for: Duration,
    /// The limits of a message.
    pub call: Limits,
}

/// The way of alerts to a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The name, which the state refers to.
    pub name: String,
    /// The sink.
    pub to: Target,
    /// The format of the sink's messages.
    pub format: Format,
    /// The least severity.
    pub severity: Severity,
    /// The kinds; all of them if there is none.
    pub kinds: Vec<String>,
}

impl Route {
    /// True if the route takes this alert.
    pub(super) fn takes(&self, alert: &Told) -> bool {
        alert.severity >= self.severity && (self.kinds.is_empty() || self.kinds.contains(&alert.kind))
    }
}

/// The format of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON of sheaf's own form.
    Generic,
    /// An incoming webhook of Slack, or of what is compatible with it.
    Slack,
    /// Events API v2 of `PagerDuty`.
    PagerDuty,
    /// A mail.
    Mail,
}

/// A property by which alerts are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// The kind.
    Kind,
    /// The severity.
    Severity,
    /// The processor.
    Processor,
    /// The key, such as a bundle's id.
    Key,
}

impl GroupBy {
    /// The value of the property.
    pub(super) fn of(self, alert: &Told) -> &str {
        match self {
            Self::Kind => &alert.kind,
            Self::Severity => super::text::severity(alert.severity),
            Self::Processor => &alert.processor,
            Self::Key => &alert.key,
        }
    }
}
