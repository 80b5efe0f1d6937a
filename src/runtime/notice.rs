//! Log lines about alerts, dead letters and records of other applications: the first of a kind at once, the others as a number every half minute, because an
//! outage can cause thousands of them in a second. All of them are in their topics.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{Alert, Key, Record, Reject, Severity, Topic};

/// The shortest time between two lines about one kind.
const PERIOD: Duration = Duration::from_secs(30);

/// The alerts, dead letters and records of other applications in a transaction, by kind.
#[derive(Debug, Default)]
pub(super) struct Notices(BTreeMap<Kind, Notice>);

/// The kind of a notice: its line names the topic with all of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The kind of an alert.
    Alert(String),
    /// The reason of a dead letter.
    DeadLetter(&'static str),
    /// The owner of records that are passed over, and their topic.
    Foreign { application: String, topic: Topic },
}

/// The notices of one kind.
#[derive(Clone, Debug)]
struct Notice {
    is_error: bool,
    /// The first of them.
    example: Example,
    /// The number of all.
    count: u64,
}

/// One alert or dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Example {
    /// The key of its entry or record.
    key: String,
    /// The coordinates of its record, `topic-partition@offset`; empty if it has none.
    source: String,
    text: String,
    /// What to do; empty if nothing is known.
    remedy: String,
}

impl Notices {
    /// Adds an alert of an entry.
    pub(super) fn alert(&mut self, key: &Key, alert: &Alert) {
        let is_error = alert.severity == Severity::Critical;
        self.add(Kind::Alert(alert.kind.clone()), is_error, || Example {
            key: key.to_string(),
            source: source(alert).to_owned(),
            text: alert.message.clone(),
            remedy: alert.remedy().unwrap_or_default().to_owned(),
        });
    }

    /// Adds the dead letter of a rejected record.
    pub(super) fn dead_letter(&mut self, record: &Record, reject: &Reject) {
        self.add(Kind::DeadLetter(reject.reason.as_str()), false, || Example {
            key: Key::from_slice(record.key.as_deref().unwrap_or_default()).to_string(),
            source: format!("{}@{}", record.source, record.offset),
            text: reject.detail.clone(),
            remedy: reject.reason.remedy().to_owned(),
        });
    }

    /// Adds a record that belongs to another application.
    pub(super) fn foreign(&mut self, record: &Record, application: &str) {
        let kind = Kind::Foreign { application: application.to_owned(), topic: record.source.topic.clone() };
        self.add(kind, false, || Example {
            key: Key::from_slice(record.key.as_deref().unwrap_or_default()).to_string(),
            source: format!("{}@{}", record.source, record.offset),
            text: "it is delivered by that application".to_owned(),
            remedy: "give each application a topic of its own (`submissions` in its topology file)".to_owned(),
        });
    }

    fn add(&mut self, kind: Kind, is_error: bool, example: impl FnOnce() -> Example) {
        let none = || Notice { is_error, example: example(), count: 0 };
        let notice = self.0.entry(kind).or_insert_with(none);
        notice.count += 1;
    }
}

/// The coordinates of an alert: those of its member, or of its submission.
fn source(alert: &Alert) -> &str {
    let detail = ["source", "submission"].into_iter().find_map(|name| alert.details.get(name));
    detail.and_then(|source| source.as_str()).unwrap_or_default()
}

/// The notices that a thread has logged.
#[derive(Debug)]
pub(super) struct NoticeLog {
    alerts: Topic,
    dead_letters: Topic,
    kinds: BTreeMap<Kind, Logged>,
}

#[derive(Debug)]
struct Logged {
    /// The time of the last line, on the monotonic clock.
    at: Duration,
    is_error: bool,
    /// The first notice since, and the number of all.
    since: Option<(Example, u64)>,
}

/// A line of the log.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    is_error: bool,
    example: Example,
    text: String,
}

impl NoticeLog {
    /// Nothing is logged yet; the lines name the topics of alerts and dead letters.
    pub(super) fn new(alerts: Topic, dead_letters: Topic) -> Self {
        Self { alerts, dead_letters, kinds: BTreeMap::new() }
    }

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
        for (kind, Notice { is_error, example, count }) in notices.0 {
            if let Some(logged) = self.kinds.get_mut(&kind) {
                logged.is_error = is_error;
                logged.since.get_or_insert((example, 0)).1 += count;
            } else {
                lines.push(self.line(&kind, is_error, example, count));
                self.kinds.insert(kind, Logged { at: uptime, is_error, since: None });
            }
        }
        lines
    }

    /// Forgets a kind that has been quiet for a period, so that its next notice is logged at once.
    fn due(&mut self, uptime: Duration) -> Vec<Line> {
        let is_due = |logged: &Logged| uptime.saturating_sub(logged.at) >= PERIOD;
        self.kinds.retain(|_, logged| !is_due(logged) || logged.since.is_some());
        let mut due = Vec::new();
        for (kind, logged) in self.kinds.iter_mut().filter(|(_, logged)| is_due(logged)) {
            logged.at = uptime;
            due.extend(logged.since.take().map(|(example, count)| (kind.clone(), logged.is_error, example, count)));
        }
        due.into_iter().map(|(kind, is_error, example, count)| self.line(&kind, is_error, example, count)).collect()
    }

    /// The line of `count` notices of a kind with one of them.
    fn line(&self, kind: &Kind, is_error: bool, example: Example, count: u64) -> Line {
        let (kind, place) = match kind {
            Kind::Alert(kind) => (format!("alert {kind}"), format!("; all are in {}", self.alerts)),
            Kind::DeadLetter(reason) => {
                (format!("dead letter, {reason}"), format!("; all are in {}", self.dead_letters))
            }
            Kind::Foreign { application, topic } => {
                (format!("record of application {application} in {topic} passed over"), String::new())
            }
        };
        let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
        let remedy = if example.remedy.is_empty() { String::new() } else { format!("; {}", example.remedy) };
        let text = format!("{kind}: {}{more}{remedy}{place}", example.text);
        Line { is_error, example, text }
    }
}

impl Line {
    fn log(self) {
        let Self { is_error, example: Example { key, source, .. }, text } = self;
        let source = (!source.is_empty()).then_some(source);
        if is_error {
            tracing::error!(sheaf.bundle = %key, source, "{text}");
        } else {
            tracing::warn!(sheaf.bundle = %key, source, "{text}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Headers, RejectReason, Timestamp, TopicPartition};

    fn notices(kind: &str, severity: Severity, count: usize) -> Notices {
        let mut notices = Notices::default();
        for number in 0..count {
            let message = format!("message {number}");
            let details = BTreeMap::from([("source".to_owned(), "events-3@7".into())]);
            let alert = Alert { kind: kind.to_owned(), severity, at: Timestamp::from_millis(0), message, details }
                .with_remedy("do it");
            notices.alert(&Key::new("k"), &alert);
        }
        notices
    }

    fn log() -> NoticeLog {
        NoticeLog::new(Topic::new("app-alerts"), Topic::new("app-dead-letters"))
    }

    fn texts(lines: Vec<Line>) -> Vec<String> {
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn a_storm_of_one_kind_is_one_line_every_half_minute() {
        let second = Duration::from_secs;
        let mut log = log();
        let first = log.lines(notices("sla_breach", Severity::Warning, 40_000), second(10));
        assert_eq!(texts(first), ["alert sla_breach: message 0 (and 39999 more); do it; all are in app-alerts"]);
        let other = log.lines(notices("delivery_failed", Severity::Critical, 1), second(11));
        let example = Example {
            key: "k".to_owned(),
            source: "events-3@7".to_owned(),
            text: "message 0".to_owned(),
            remedy: "do it".to_owned(),
        };
        let text = "alert delivery_failed: message 0; do it; all are in app-alerts".to_owned();
        assert_eq!(other, [Line { is_error: true, example, text }]);
        for _ in 0..20_000 {
            assert_eq!(texts(log.lines(notices("sla_breach", Severity::Warning, 2), second(12))), [""; 0]);
        }
        assert_eq!(texts(log.due(second(39))), [""; 0]);
        assert_eq!(
            texts(log.due(second(40))),
            ["alert sla_breach: message 0 (and 39999 more); do it; all are in app-alerts"]
        );
        assert_eq!(texts(log.due(second(100))), [""; 0]);
        let after_a_pause = log.lines(notices("sla_breach", Severity::Warning, 1), second(101));
        assert_eq!(texts(after_a_pause), ["alert sla_breach: message 0; do it; all are in app-alerts"]);
    }

    #[test]
    fn the_line_of_a_dead_letter_has_its_coordinates_and_the_topic() {
        let mut notices = Notices::default();
        let record = Record {
            source: TopicPartition::new(&Topic::new("events"), 3),
            offset: 7,
            timestamp: Timestamp::from_millis(0),
            key: Some("k".into()),
            value: None,
            headers: Headers::new(),
        };
        notices.dead_letter(&record, &Reject::new(RejectReason::Unparsable, "not JSON"));
        let [line] = log().lines(notices, Duration::ZERO).try_into().unwrap();
        assert_eq!((line.example.key.as_str(), line.example.source.as_str()), ("k", "events-3@7"));
        assert_eq!(
            line.text,
            "dead letter, unparsable: not JSON; set the `format` of the source, or mend the producer; all are in app-dead-letters"
        );
        assert!(!line.is_error);
    }

    #[test]
    fn records_of_another_application_are_logged_by_owner_and_topic() {
        let source = TopicPartition::new(&Topic::new("s"), 1);
        let (timestamp, headers) = (Timestamp::from_millis(0), Headers::new());
        let record = Record { source, offset: 7, timestamp, key: None, value: None, headers };
        let mut notices = Notices::default();
        notices.foreign(&record, "b");
        notices.foreign(&record, "b");
        notices.foreign(&record, "c");
        let lines = texts(log().lines(notices, Duration::ZERO));
        assert!(
            lines[0].starts_with("record of application b in s passed over: it is delivered by that application"),
            "{lines:?}"
        );
        assert_eq!(lines.len(), 2, "{lines:?}");
    }
}
