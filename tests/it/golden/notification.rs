//! The commands of the notification's golden files.
//!
//! | command | what it is |
//! |---|---|
//! | `alert sla_breach p1 severity=warning at=1h message=".." remedy=".."` | a record of the alerts topic |
//! | `record {..}` | a record of the alerts topic with this value |
//! | `executed`, `refused`, `busy`, `not_sent`, `lost`, `inherited` `call=1 slot=0` | the outcome of the attempt with that number; `busy` may have `retry_after=45s` |
//! | `route ops format=slack severity=warning kinds=late,sla_breach`, `no_route ops` | adds or replaces a route; removes one |
//! | `group_by kind,key`, `group_wait 10s`, `group_interval 5m`, `max_per_hour 20`, `give_up_after 1h` | changes the settings |
//!
//! Without `route` there is one, `ops`, which takes all alerts in the generic format.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use sheaf::model::{
    ActSlot, Headers, Key, Outcome, Record, Severity, Target, TimerKind, Timestamp, Topic, TopicPartition, Verdict,
};
use sheaf::processor::call::{Answer, Backoff, Certainty, Limits};
use sheaf::processor::notification::{
    AlertKeying, ENTRY, Format, GroupBy, Notification, Notifications, Outbox, Route, Settings, TIMER,
};
use sheaf::processor::{Input, Keyed, Keying};
use sheaf::testing::golden::{Command, Error, Given, Script, hours};

/// The current settings.
pub(crate) struct NotificationScript {
    settings: Settings,
}

impl Default for NotificationScript {
    fn default() -> Self {
        let retry =
            Backoff { first: Duration::from_secs(5), factor: 2, max: Duration::from_mins(5), jitter_percent: 0 };
        Self {
            settings: Settings {
                application: "ctm".to_owned(),
                routes: vec![route("ops", Format::Generic)],
                group_by: vec![GroupBy::Kind],
                group_wait: Duration::from_secs(10),
                group_interval: Duration::from_mins(5),
                max_per_hour: 20,
                intent_valid_for: Duration::from_mins(1),
                call: Limits { certainty: Certainty::Idempotent, retry, give_up_after: Duration::from_hours(24) },
            },
        }
    }
}

fn route(name: &str, format: Format) -> Route {
    Route { name: name.to_owned(), to: Target::new(name), format, severity: Severity::Info, kinds: Vec::new() }
}

impl Script for NotificationScript {
    type Processor = Notification;

    fn processor(&self) -> Notification {
        Notification::new(self.settings.clone())
    }

    fn read(&mut self, command: &Command, at: Timestamp) -> Result<Given, Error> {
        let key = Key::new(ENTRY);
        let value = match command.name.as_str() {
            "alert" => alert(command, at)?,
            "record" => command.word(0)?.to_owned(),
            "executed" | "refused" | "busy" | "not_sent" | "lost" | "inherited" => {
                return Ok(Given::Input(key, Input::Outcome(outcome(command)?)));
            }
            _ => {
                self.set(command)?;
                return Ok(Given::Nothing);
            }
        };
        let record = Record {
            source: TopicPartition::new(&Topic::new("ctm-alerts"), 0),
            offset: 7,
            timestamp: at,
            key: Some(Bytes::from_static(b"p1")),
            value: Some(Bytes::from(value)),
            headers: Headers::new(),
        };
        Ok(match AlertKeying.key(&record) {
            Ok(Keyed::To(keyed)) => {
                let (key, event) = keyed.into_event(record);
                Given::Input(key, Input::Record(event))
            }
            Ok(Keyed::Pass | Keyed::Foreign(_)) => Given::Passed,
            Err(reject) => Given::Rejected(reject),
        })
    }

    fn state(&self, state: &Notifications) -> String {
        let outboxes = state.outboxes.iter().map(|(route, outbox)| format!("{route}: {}", print(outbox)));
        outboxes.collect::<Vec<_>>().join("; ")
    }

    fn timer(&self, kind: TimerKind) -> String {
        if kind == TIMER { "next".to_owned() } else { format!("{kind:?}") }
    }
}

impl NotificationScript {
    fn set(&mut self, command: &Command) -> Result<(), Error> {
        let settings = &mut self.settings;
        match command.name.as_str() {
            "route" => {
                command.allow(&["format", "severity", "kinds"], 1)?;
                let name = command.word(0)?;
                let format = match command.named.get("format").map(String::as_str) {
                    None | Some("generic") => Format::Generic,
                    Some("slack") => Format::Slack,
                    Some("pagerduty") => Format::PagerDuty,
                    Some("mail") => Format::Mail,
                    Some(other) => return Err(format!("{other} is no format").into()),
                };
                let kinds = command.named.get("kinds").map(|kinds| kinds.split(',').map(str::to_owned).collect());
                let added = Route {
                    severity: severity(command, Severity::Info)?,
                    kinds: kinds.unwrap_or_default(),
                    ..route(name, format)
                };
                settings.routes.retain(|route| route.name != name);
                settings.routes.push(added);
            }
            "no_route" => {
                let name = command.word(0)?;
                settings.routes.retain(|route| route.name != name);
            }
            "group_by" => {
                let by = |word: &str| match word {
                    "kind" => Ok(GroupBy::Kind),
                    "severity" => Ok(GroupBy::Severity),
                    "processor" => Ok(GroupBy::Processor),
                    "key" => Ok(GroupBy::Key),
                    _ => Err(format!("{word} is no property").into()),
                };
                let words = command.words.first().map(String::as_str).unwrap_or_default().split(',');
                settings.group_by = words.filter(|word| !word.is_empty()).map(by).collect::<Result<_, Error>>()?;
            }
            "group_wait" => settings.group_wait = duration(command)?,
            "group_interval" => settings.group_interval = duration(command)?,
            "give_up_after" => settings.call.give_up_after = duration(command)?,
            "max_per_hour" => {
                settings.max_per_hour = command.word(0)?.parse().map_err(|error| format!("{error}"))?;
            }
            _ => return Err(command.unknown()),
        }
        Ok(())
    }
}

fn duration(command: &Command) -> Result<Duration, Error> {
    let text = command.word(0)?;
    let read: jiff::SignedDuration = text.parse().map_err(|error| format!("{text}: {error}"))?;
    Ok(read.unsigned_abs())
}

fn severity(command: &Command, default: Severity) -> Result<Severity, Error> {
    match command.named.get("severity").map(String::as_str) {
        None => Ok(default),
        Some("info") => Ok(Severity::Info),
        Some("warning") => Ok(Severity::Warning),
        Some("critical") => Ok(Severity::Critical),
        Some(other) => Err(format!("{other} is no severity").into()),
    }
}

/// The value of an alert as the runtime writes it.
fn alert(command: &Command, at: Timestamp) -> Result<String, Error> {
    command.allow(&["severity", "message", "remedy"], 2)?;
    let (kind, key) = (command.word(0)?, command.word(1)?);
    let message = command.named.get("message").cloned().unwrap_or_else(|| format!("{key} waits for 1 child"));
    let mut details = json!({});
    if let Some(remedy) = command.named.get("remedy") {
        details = json!({ "remedy": remedy });
    }
    Ok(json!({
        "key": key,
        "topology": "control-m",
        "processor": "bundle",
        "raised_at": at.to_string(),
        "occurred_at": at.to_string(),
        "kind": kind,
        "severity": severity(command, Severity::Critical)?,
        "at": at.as_millis(),
        "message": message,
        "details": details,
    })
    .to_string())
}

fn outcome(command: &Command) -> Result<Outcome, Error> {
    command.allow(&["call", "slot", "retry_after"], 0)?;
    let verdict = match command.name.as_str() {
        "executed" => Answer::Executed { detail: "200".to_owned() }.verdict(),
        "refused" => Answer::Refused { detail: "HTTP 400: invalid_blocks".to_owned() }.verdict(),
        "busy" => {
            let delay = command.duration("retry_after")?;
            let retry_after_ms = delay.and_then(|delay| u64::try_from(delay.as_millis()).ok());
            Answer::Busy { detail: "HTTP 429".to_owned(), retry_after_ms }.verdict()
        }
        "not_sent" => Verdict::NotSent("connection refused".to_owned()),
        "lost" => Verdict::Unknown("connection reset".to_owned()),
        _ => Verdict::Inherited,
    };
    let attempt = command.get("call")?.ok_or_else(|| format!("`{}` needs call=", command.name))?;
    Ok(Outcome { slot: ActSlot(command.get("slot")?.unwrap_or(0)), attempt, verdict })
}

fn print(outbox: &Outbox) -> String {
    let mut parts = vec![format!("messages={}", outbox.sequence)];
    if let Some(open) = &outbox.open {
        let retry = open.call.retry_at.map_or_else(String::new, |at| format!(" retry={}", hours(at)));
        parts.push(format!("open attempts={}{retry}", open.call.attempts));
    }
    if outbox.is_limited {
        parts.push("limited".to_owned());
    }
    for (name, group) in &outbox.groups {
        let told = group.told_at.map_or_else(String::new, |at| format!(" told={}", hours(at)));
        let batch = group.batch.as_ref();
        let batch =
            batch.map_or_else(String::new, |batch| format!(" gathered={} due={}", batch.count, hours(batch.due)));
        parts.push(format!("[{name}{told}{batch}]"));
    }
    parts.join(" ")
}
