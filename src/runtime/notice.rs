//! Log lines about alerts, dead letters and records of other applications: the first of a kind at once, the others as a number every half minute, because an
//! outage can cause thousands of them in a second. All of them are in their topics.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{Alert, Key, Record, Reject, Severity};

/// The shortest time between two lines about one kind.
const PERIOD: Duration = Duration::from_secs(30);

/// The alerts, dead letters and records of other applications in a transaction, by kind.
#[derive(Debug, Default)]
pub(super) struct Notices(BTreeMap<String, Notice>);

/// The notices of one kind.
#[derive(Clone, Debug)]
struct Notice {
    is_error: bool,
    /// The first of them.
    text: String,
    /// The number of all.
    count: u64,
}

impl Notices {
    /// Adds an alert of an entry.
    pub(super) fn alert(&mut self, key: &Key, alert: &Alert) {
        let is_error = alert.severity == Severity::Critical;
        self.add(format!("alert {}", alert.kind), is_error, || format!("{key}: {}", alert.message));
    }

    /// Adds the dead letter of a rejected record.
    pub(super) fn dead_letter(&mut self, record: &Record, reject: &Reject) {
        let text = || format!("{} offset {}: {}", record.source, record.offset, reject.detail);
        self.add(format!("dead letter {}", reject.reason), false, text);
    }

    /// Adds a record that belongs to another application.
    pub(super) fn foreign(&mut self, record: &Record, application: &str) {
        let kind = format!("record of application {application} in {} passed over", record.source.topic);
        let text = || {
            let (source, offset) = (&record.source, record.offset);
            format!(
                "{source} offset {offset}: give each application a topic of its own (`submissions` in its topology file)"
            )
        };
        self.add(kind, false, text);
    }

    fn add(&mut self, kind: String, is_error: bool, text: impl FnOnce() -> String) {
        let none = || Notice { is_error, text: text(), count: 0 };
        let notice = self.0.entry(kind).or_insert_with(none);
        notice.count += 1;
    }
}

/// The notices that a thread has logged.
#[derive(Debug, Default)]
pub(super) struct NoticeLog {
    kinds: BTreeMap<String, Logged>,
}

#[derive(Debug)]
struct Logged {
    /// The time of the last line, on the monotonic clock.
    at: Duration,
    is_error: bool,
    /// The number of notices since.
    more: u64,
}

/// A line of the log.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    is_error: bool,
    text: String,
}

impl NoticeLog {
    /// Logs what was committed.
    pub(super) fn log(&mut self, notices: Notices, uptime: Duration) {
        self.lines(notices, uptime).into_iter().for_each(Line::log);
    }

    /// Logs the numbers that are due.
    pub(super) fn log_due(&mut self, uptime: Duration) {
        self.due(uptime).into_iter().for_each(Line::log);
    }

    fn lines(&mut self, notices: Notices, uptime: Duration) -> Vec<Line> {
        let mut lines = Vec::new();
        for (kind, Notice { is_error, text, count }) in notices.0 {
            if let Some(logged) = self.kinds.get_mut(&kind) {
                (logged.is_error, logged.more) = (is_error, logged.more + count);
            } else {
                lines.push(Line { is_error, text: format!("{kind}: {text}") });
                self.kinds.insert(kind, Logged { at: uptime, is_error, more: count - 1 });
            }
        }
        lines
    }

    /// Forgets a kind that has been quiet for a period, so that its next notice is logged at once.
    fn due(&mut self, uptime: Duration) -> Vec<Line> {
        let mut lines = Vec::new();
        self.kinds.retain(|kind, logged| {
            let since = uptime.saturating_sub(logged.at);
            if since < PERIOD {
                return true;
            }
            if logged.more == 0 {
                return false;
            }
            let text = format!("{kind}: {} more in the last {} s", logged.more, since.as_secs());
            lines.push(Line { is_error: logged.is_error, text });
            (logged.at, logged.more) = (uptime, 0);
            true
        });
        lines
    }
}

impl Line {
    fn log(self) {
        let Self { is_error, text } = self;
        if is_error {
            tracing::error!("{text}");
        } else {
            tracing::warn!("{text}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn notices(kind: &str, severity: Severity, count: usize) -> Notices {
        let mut notices = Notices::default();
        for number in 0..count {
            let message = format!("message {number}");
            let (kind, details) = (kind.to_owned(), BTreeMap::new());
            let alert = Alert { kind, severity, at: Timestamp::from_millis(0), message, details };
            notices.alert(&Key::new("k"), &alert);
        }
        notices
    }

    fn texts(lines: Vec<Line>) -> Vec<String> {
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn the_first_of_a_kind_is_logged_at_once_and_the_others_are_counted() {
        let second = Duration::from_secs;
        let mut log = NoticeLog::default();
        let first = log.lines(notices("sla_breach", Severity::Warning, 40_000), second(10));
        assert_eq!(texts(first), ["alert sla_breach: k: message 0"]);
        let other = log.lines(notices("delivery_failed", Severity::Critical, 1), second(11));
        assert_eq!(other, [Line { is_error: true, text: "alert delivery_failed: k: message 0".to_owned() }]);
        assert_eq!(texts(log.lines(notices("sla_breach", Severity::Warning, 2), second(12))), [""; 0]);
        assert_eq!(texts(log.due(second(39))), [""; 0]);
        assert_eq!(texts(log.due(second(40))), ["alert sla_breach: 40001 more in the last 30 s"]);
        assert_eq!(texts(log.due(second(100))), [""; 0]);
        assert_eq!(
            texts(log.lines(notices("sla_breach", Severity::Warning, 1), second(101))).len(),
            1,
            "after a pause"
        );
    }

    #[test]
    fn records_of_another_application_are_logged_by_owner_and_topic() {
        let source = crate::model::TopicPartition::new(&crate::model::Topic::new("s"), 1);
        let (timestamp, headers) = (Timestamp::from_millis(0), crate::model::Headers::new());
        let record = Record { source, offset: 7, timestamp, key: None, value: None, headers };
        let mut notices = Notices::default();
        notices.foreign(&record, "b");
        notices.foreign(&record, "b");
        notices.foreign(&record, "c");
        let lines = texts(NoticeLog::default().lines(notices, Duration::ZERO));
        assert!(lines[0].starts_with("record of application b in s passed over: s-1 offset 7: give each"), "{lines:?}");
        assert_eq!(lines.len(), 2, "{lines:?}");
    }
}
