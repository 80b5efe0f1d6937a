//! The texts of a message, without a format.

use uuid::Uuid;

use crate::model::{Severity, Timestamp};
use crate::processor::notification::state::Batch;
use crate::processor::notification::text::{cut, number_of, severity};
use crate::processor::notification::told::Told;

/// The longest subject, in bytes: Slack allows 150 characters in a header.
const SUBJECT_BYTES_MAX: usize = 150;

/// A message before it has a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The application that sends it.
    pub application: String,
    /// The route.
    pub route: String,
    /// The id.
    pub id: Uuid,
    /// The time of the message.
    pub at: Timestamp,
    /// The groups with their alerts, at least one.
    pub groups: Vec<(String, Batch)>,
    /// The limit of messages per hour, if that was reached before.
    pub limit: Option<usize>,
}

impl Message {
    /// The number of alerts.
    pub fn count(&self) -> u64 {
        self.groups.iter().map(|(_, batch)| batch.count).sum()
    }

    /// The subject with the times of the alerts.
    pub(in crate::processor::notification) fn summary(&self) -> String {
        format!("{} (from {} to {})", self.subject(), self.first_at(), self.last_at())
    }

    /// What the message is about, on one line.
    pub(super) fn subject(&self) -> String {
        let about = match self.groups.as_slice() {
            [(_, batch)] if batch.count == 1 => batch.first.first().map(title).unwrap_or_default(),
            [(name, batch)] => format!("{}: {name}", number_of(batch.count, "alert")),
            groups => {
                let number = u64::try_from(groups.len()).unwrap_or(u64::MAX);
                format!("{} in {}", number_of(self.count(), "alert"), number_of(number, "group"))
            }
        };
        cut(format!("[{}] {}: {about}", self.application, severity(self.severity())), SUBJECT_BYTES_MAX)
    }

    pub(super) fn severity(&self) -> Severity {
        self.groups.iter().map(|(_, batch)| batch.severity).max().unwrap_or(Severity::Info)
    }

    pub(super) fn first_at(&self) -> Timestamp {
        self.groups.iter().map(|(_, batch)| batch.first_at).min().unwrap_or(self.at)
    }

    pub(super) fn last_at(&self) -> Timestamp {
        self.groups.iter().map(|(_, batch)| batch.last_at).max().unwrap_or(self.at)
    }

    /// The alerts that are told one by one; `None` stands for a gap, with the number of alerts in it.
    pub(super) fn lines(&self) -> Vec<Line<'_>> {
        let mut lines = Vec::new();
        for (_, batch) in &self.groups {
            lines.extend(batch.first.iter().map(Line::Alert));
            if batch.not_shown() > 0 {
                lines.push(Line::Gap(format!(
                    "{} not shown, between {} and {}",
                    number_of(batch.not_shown(), "alert"),
                    batch.first_at,
                    batch.last_at
                )));
            }
            lines.extend(batch.last.iter().map(Line::Alert));
        }
        lines
    }

    /// The sentences below the alerts.
    pub(super) fn footer(&self) -> String {
        let Self { application, route, id, limit, .. } = self;
        let limit = limit.map(|limit| {
            format!("The limit of {limit} messages per hour (alerts.max_per_hour) was reached: this message tells all since. ")
        });
        format!(
            "{}All alerts are in the topic {application}-alerts. Route {route}, message {id}.",
            limit.unwrap_or_default()
        )
    }
}

/// A line of a message.
pub(super) enum Line<'a> {
    /// An alert.
    Alert(&'a Told),
    /// Alerts that are not shown.
    Gap(String),
}

/// What an alert is about.
pub(super) fn title(alert: &Told) -> String {
    format!("{} of {}", alert.kind, alert.key)
}

/// Since when, and where.
pub(super) fn place(alert: &Told) -> String {
    let Told { occurred_at, processor, topology, .. } = alert;
    format!("since {occurred_at}, {processor} of {topology}")
}
