//! The commands of the delivery's golden files.
//!
//! | command | what it is |
//! |---|---|
//! | `submission p1 description=x without=parent` | a submission record; `description` is the parent's, `without` omits a field |
//! | `completed p1 {..}` | a submission record of a bundle with this value |
//! | `accepted`, `refused`, `busy`, `not_sent`, `lost`, `inherited` `p1 call=1` | the outcome of the submit with that number; `busy` may have `retry_after=45s` |
//! | `lookup p1 found call=2` | the outcome of the look-up with that number: `found`, `absent`, or one of the above |
//! | `answer p1 call=1 {}` | an answer of these bytes to the submit; `slot=1`: to the look-up |
//! | `stray p1`, `stray p1 deadline` | a timer that was not set |
//! | `suspended p1 call=1` | the outcome of a call that a suspended sink did not make |
//! | `give_up_after 2h`, `jitter 25`, `template {..}` | changes the settings |
//! | `mode order` | changes the mode: `on_demand`, `run` or `order` |

use serde_json::json;
use sheaf::model::{ActSlot, Headers, Key, Outcome, Timer, TimerKind, Timestamp, Verdict};
use sheaf::processor::bundle::EVENT_TYPE;
use sheaf::processor::delivery::control_m::{Answer, Folders, Mode};
use sheaf::processor::delivery::{Delivery, End, Journal, Open, Proof, Settings, SubmissionKeying, TIMER};
use sheaf::processor::{Input, Keyed, Keying};
use sheaf::testing::golden::{Command, Error, Given, Script, hours};

use crate::delivery::{SMALL, folders, settings, submission, submitted};

/// The current settings.
pub(crate) struct DeliveryScript {
    folders: Folders,
    settings: Settings,
}

impl Default for DeliveryScript {
    fn default() -> Self {
        Self { folders: folders(SMALL), settings: settings() }
    }
}

impl Script for DeliveryScript {
    type Processor = Delivery;

    fn processor(&self) -> Delivery {
        Delivery::new(self.folders.clone(), self.settings.clone())
    }

    fn read(&mut self, command: &Command, at: Timestamp) -> Result<Given, Error> {
        let input = match command.name.as_str() {
            "give_up_after" => {
                let text = command.word(0)?;
                let read: jiff::SignedDuration = text.parse().map_err(|error| format!("{text}: {error}"))?;
                self.settings.give_up_after = read.unsigned_abs();
                return Ok(Given::Nothing);
            }
            "jitter" => {
                self.settings.retry.jitter_percent = command.word(0)?.parse().map_err(|error| format!("{error}"))?;
                return Ok(Given::Nothing);
            }
            "mode" => {
                self.folders.mode = match command.word(0)? {
                    "on_demand" => Mode::OnDemand,
                    "run" => Mode::Run,
                    "order" => Mode::Order,
                    other => return Err(format!("no mode: {other}").into()),
                };
                return Ok(Given::Nothing);
            }
            "template" => {
                let mode = self.folders.mode;
                self.folders = Folders { mode, ..folders(command.word(0)?) };
                return Ok(Given::Nothing);
            }
            "submission" => submission_of(command)?,
            "completed" => {
                let Input::Record(mut event) = submitted(&Key::new(command.word(0)?), &json!({})) else {
                    return Err("a submission is a record".to_owned().into());
                };
                event.record.value = Some(command.word(1)?.to_owned().into());
                event.record.headers = Headers::new().with("ce_type", EVENT_TYPE);
                let keyed = SubmissionKeying::new("app").key(&event.record).map_err(|reject| reject.to_string())?;
                let Keyed::To(keyed) = keyed else { return Err("it belongs to a bundle".to_owned().into()) };
                Input::Record(keyed.into_event(event.record).1)
            }
            "stray" if command.words.get(1).is_some() => Input::Timer(Timer { kind: TimerKind::Deadline(0), due: at }),
            "stray" => Input::Timer(Timer { kind: TIMER, due: at }),
            "answer" => outcome(command, 0, Verdict::Answered(command.word(1)?.to_owned()))?,
            "lookup" => outcome(command, 1, verdict(command, command.word(1)?)?)?,
            name => outcome(command, 0, verdict(command, name)?)?,
        };
        Ok(Given::Input(Key::new(command.word(0)?), input))
    }

    fn state(&self, state: &Journal) -> String {
        print(state)
    }

    fn timer(&self, kind: TimerKind) -> String {
        print_timer(kind)
    }
}

pub(super) fn print(state: &Journal) -> String {
    match state {
        Journal::Submitting(open) => format!("submitting {}", print_open(open)),
        Journal::Waiting(open) => format!("waiting {}", print_open(open)),
        Journal::Unsure(open) => format!("unsure {}", print_open(open)),
        Journal::LookingUp(open) => format!("looking_up {}", print_open(open)),
        Journal::Submitted(end) => format!("submitted {}", print_end(end)),
        Journal::Failed(end) => format!("failed {}", print_end(end)),
        Journal::Unknown(end) => format!("unknown {}", print_end(end)),
        Journal::Held(end) => format!("held {}", print_end(end)),
    }
}

pub(super) fn print_timer(kind: TimerKind) -> String {
    if kind == TIMER { "next".to_owned() } else { format!("{kind:?}") }
}

pub(super) fn submission_of(command: &Command) -> Result<Input, Error> {
    command.allow(&["description", "without"], 1)?;
    let mut value = submission(command.word(0)?, 1);
    if let Some(description) = command.named.get("description") {
        *value.pointer_mut("/parent/description").ok_or("no such field")? = json!(description);
    }
    if let Some(field) = command.named.get("without") {
        value.as_object_mut().and_then(|fields| fields.remove(field)).ok_or("no such field")?;
    }
    Ok(submitted(&Key::new(command.word(0)?), &value))
}

fn outcome(command: &Command, slot: u8, verdict: Verdict) -> Result<Input, Error> {
    command.allow(&["call", "slot", "retry_after"], 2)?;
    let slot = ActSlot(command.get("slot")?.unwrap_or(slot));
    let attempt = command.get("call")?.ok_or_else(|| format!("`{}` needs call=", command.name))?;
    Ok(Input::Outcome(Outcome { slot, attempt, verdict }))
}

fn verdict(command: &Command, name: &str) -> Result<Verdict, Error> {
    let answer = match name {
        "not_sent" => return Ok(Verdict::NotSent("connection refused".into())),
        "lost" => return Ok(Verdict::Unknown("connection reset".into())),
        "inherited" => return Ok(Verdict::Inherited),
        "accepted" => Answer::Accepted { run_id: "r1".into() },
        "found" => Answer::Found { job_id: "smprod:0001g".into() },
        "absent" => Answer::Absent,
        "suspended" => return Ok(Verdict::Suspended("Control-M refuses everybody".into())),
        "refused" => Answer::Refused { status: 400, message: "no such application".into() },
        "busy" => {
            let delay = command.duration("retry_after")?;
            let retry_after_ms = delay.and_then(|delay| u64::try_from(delay.as_millis()).ok());
            Answer::Busy { status: 503, message: "try again".into(), retry_after_ms }
        }
        _ => return Err(command.unknown()),
    };
    serde_json::to_string(&answer).map(Verdict::Answered).map_err(|error| error.to_string().into())
}

fn print_open(open: &Open) -> String {
    let doubt = open.doubtful_since.map_or_else(String::new, |at| format!(" doubtful_since={}", hours(at)));
    let failures = open.lookup_failures;
    let failures = if failures == 0 { String::new() } else { format!(" lookup_failures={failures}") };
    let since = if hours(open.since) == "0h" { String::new() } else { format!(" since={}", hours(open.since)) };
    let commands = if open.commands == 0 { String::new() } else { format!(" commands={}", open.commands) };
    let answer = open.last_answer.as_ref();
    let answer = answer.map_or_else(String::new, |answer| format!(" answer={} `{}`", hours(answer.at), answer.text));
    format!("attempts={}{doubt}{failures}{since}{commands}{answer}", open.attempts)
}

fn print_end(end: &End) -> String {
    let proof = match &end.proof {
        Some(Proof::Accepted(id)) => format!(" run={id}"),
        Some(Proof::Found(id)) => format!(" job={id}"),
        None => String::new(),
    };
    format!("attempts={} at={}{proof}", end.attempts, hours(end.at))
}
