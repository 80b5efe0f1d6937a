//! The commands of the golden files of signals.
//!
//! | command | what it is |
//! |---|---|
//! | `signal child-1-p1 bundle=p1` | a record of a signal |
//! | `record child-1-p1 {}` | a record with this value |
//! | `answer child-1-p1 call=1 {}` | an answer of these bytes |
//! | `lost`, `not_sent`, `suspended`, `inherited` `child-1-p1 call=1` | a call without an answer |

use std::time::Duration;

use serde_json::json;
use sheaf::model::{ActSlot, Key, Outcome, Target, TimerKind, Timestamp, Verdict};
use sheaf::processor::Input;
use sheaf::processor::signal::{Settings, Signal, SignalKeying, Signals};
use sheaf::testing::golden::{Command, Error, Given, Script, record};

/// Adds signals with the usual settings, without a jitter.
#[derive(Default)]
pub(crate) struct SignalScript;

impl Script for SignalScript {
    type Processor = Signals;

    fn processor(&self) -> Signals {
        let mut settings = Settings::new(Target::new("control_m"), "smprod", Duration::from_hours(72));
        settings.call.retry.jitter_percent = 0;
        Signals::new(settings)
    }

    fn read(&mut self, command: &Command, at: Timestamp) -> Result<Given, Error> {
        let key = command.word(0)?;
        let verdict = match command.name.as_str() {
            "signal" => {
                let bundle: Option<String> = command.get("bundle")?;
                return Ok(keyed(key, &json!({ "bundle_id": bundle, "event": key }).to_string(), at));
            }
            "record" => return Ok(keyed(key, command.word(1)?, at)),
            "answer" => Verdict::Answered(command.word(1)?.to_owned()),
            "lost" => Verdict::Unknown("connection reset".to_owned()),
            "not_sent" => Verdict::NotSent("connection refused".to_owned()),
            "suspended" => Verdict::Suspended("the key has expired".to_owned()),
            "inherited" => Verdict::Inherited,
            _ => return Err(command.unknown()),
        };
        let attempt = command.get("call")?.ok_or("a call needs call=")?;
        Ok(Given::Input(Key::new(key), Input::Outcome(Outcome { slot: ActSlot(0), attempt, verdict })))
    }

    fn state(&self, signal: &Signal) -> String {
        match signal {
            Signal::Adding(adding) => {
                let pending = if adding.call.retry_at.is_none() { "pending" } else { "waiting" };
                format!("adding {pending} attempts={}", adding.call.attempts)
            }
            Signal::Added(_) => "added".to_owned(),
            Signal::Failed(_) => "failed".to_owned(),
        }
    }

    fn timer(&self, kind: TimerKind) -> String {
        if kind == TimerKind::Delay(0) { "next".to_owned() } else { format!("{kind:?}") }
    }
}

fn keyed(key: &str, value: &str, at: Timestamp) -> Given {
    Given::keyed(&SignalKeying::new("app"), record("app-signals", Some(key), Some(value), at))
}
