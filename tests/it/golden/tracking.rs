//! The commands of the golden files of tracking.
//!
//! | command | what it is |
//! |---|---|
//! | `outcome p1 submitted` | an outcome record; `run=r1` is the id of the run, `without=folder` omits a field |
//! | `answer p1 call=1 {}` | an answer of these bytes; `slot=1`: to a rerun |
//! | `lost`, `not_sent`, `inherited` `p1 call=1` | a call without an answer |
//! | `failed p1 call=1 job=a runs=1` | the answer that a job has failed |
//! | `rerun p1` | an operator's command |

use serde_json::json;
use sheaf::model::{
    ActSlot, Headers, Key, Outcome, Record, Target, TimerKind, Timestamp, Topic, TopicPartition, Verdict,
};
use sheaf::processor::tracking::{Answer, FailedJob, Follower, OutcomeKeying, RERUN, Run, Settings, Times, Tracking};
use sheaf::processor::{self, Input, Keyed, Keying};
use sheaf::testing::golden::{Command, Error, Given, Script};

/// Follows runs with the usual settings.
#[derive(Default)]
pub(crate) struct TrackingScript;

impl Script for TrackingScript {
    type Processor = Follower;

    fn processor(&self) -> Follower {
        let visible_within = std::time::Duration::from_mins(5);
        Follower::new(Settings::new(Target::new("runs"), "smprod", visible_within))
    }

    fn read(&mut self, command: &Command, at: Timestamp) -> Result<Given, Error> {
        let key = Key::new(command.word(0)?);
        let input = match command.name.as_str() {
            "outcome" => return outcome_record(command, &key, at),
            RERUN => Input::Command(processor::Command {
                id: uuid::Uuid::nil(),
                name: RERUN.to_owned(),
                arguments: std::collections::BTreeMap::new(),
                by: "ann".to_owned(),
                why: "the disk is not full any more".to_owned(),
                at,
                traceparent: None,
            }),
            name => {
                let verdict = match name {
                    "answer" => Verdict::Answered(command.word(1)?.to_owned()),
                    "lost" => Verdict::Unknown("connection reset".to_owned()),
                    "not_sent" => Verdict::NotSent("connection refused".to_owned()),
                    "inherited" => Verdict::Inherited,
                    "failed" => Verdict::Answered(failed(command)?),
                    _ => return Err(format!("no such command: {name}").into()),
                };
                let slot = ActSlot(command.get("slot")?.unwrap_or(0));
                let attempt = command.get("call")?.ok_or_else(|| format!("`{name}` needs call="))?;
                Input::Outcome(Outcome { slot, attempt, verdict })
            }
        };
        Ok(Given::Input(key, input))
    }

    fn state(&self, state: &Tracking) -> String {
        match state {
            Tracking::Followed(Run { status, call, failed_job, told_waiting, told_late, .. }) => {
                let failed = failed_job.as_ref().map(|(job, runs)| format!(" failed={job}/{runs}")).unwrap_or_default();
                let told = |is_told: bool, word: &'static str| if is_told { word } else { "" };
                let told = format!("{}{}", told(*told_waiting, " told-waiting"), told(*told_late, " told-late"));
                format!("followed call={call} status={status:?}{failed}{told}")
            }
            Tracking::Ended(ended) => format!("ended ok={}", ended.is_ok),
        }
    }

    fn timer(&self, kind: TimerKind) -> String {
        if kind == TimerKind::Delay(0) { "next".to_owned() } else { format!("{kind:?}") }
    }
}

fn outcome_record(command: &Command, key: &Key, at: Timestamp) -> Result<Given, Error> {
    command.allow(&["run", "without"], 2)?;
    let mut value = json!({
        "bundle_id": key.text(),
        "outcome": command.word(1)?,
        "folder": format!("folder-{key}"),
        "run_id": command.named.get("run").map_or("r1", String::as_str),
        "attempts": 1,
        "at": at.to_string(),
    });
    if let Some(field) = command.named.get("without") {
        value.as_object_mut().and_then(|fields| fields.remove(field)).ok_or("no such field")?;
    }
    let record = Record {
        source: TopicPartition::new(&Topic::new("ctm-outcomes"), 0),
        offset: 42,
        timestamp: at,
        key: Some(key.bytes()),
        value: Some(value.to_string().into()),
        headers: Headers::new(),
    };
    match OutcomeKeying.key(&record).map_err(|reject| reject.to_string())? {
        Keyed::To(keyed) => Ok(Given::Input(key.clone(), Input::Record(keyed.into_event(record).1))),
        Keyed::Pass => Ok(Given::Nothing),
        Keyed::Foreign(_) => Err("an outcome belongs to its application".to_owned().into()),
    }
}

fn failed(command: &Command) -> Result<String, Error> {
    let name: String = command.get("job")?.unwrap_or_else(|| "appl".to_owned());
    let times =
        Times { started: Some("2026-01-01T00:00:10Z".to_owned()), ended: Some("2026-01-01T00:00:20Z".to_owned()) };
    let job = FailedJob {
        id: format!("smprod:{name}"),
        name,
        status: "Ended Not OK".to_owned(),
        runs: command.get("runs")?.unwrap_or(1),
        log: "5134 ended NOTOK".to_owned(),
        times,
    };
    serde_json::to_string(&Answer::Failed { job }).map_err(|error| error.to_string().into())
}
