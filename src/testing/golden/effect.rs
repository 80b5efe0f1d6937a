//! Effects, as golden text prints them.

use super::time::hours;
use crate::model::{Key, TimerKind};
use crate::processor::bundle::count::MEMBERS;
use crate::processor::{Effect, Forward};

/// The lines of an effect of a step of `key`; `timer` names timers.
pub(super) fn print(key: &Key, effect: &Effect, with_headers: bool, timer: impl Fn(TimerKind) -> String) -> String {
    let lines = match effect {
        Effect::Forward(forward) => print_forward(key, forward, with_headers),
        Effect::Schedule(scheduled) => {
            format!("timer   {} due={}\n", timer(scheduled.kind), hours(scheduled.due))
        }
        Effect::Unschedule(kind) => format!("untimer {}\n", timer(*kind)),
        Effect::Alert(alert) => {
            let severity = format!("{:?}", alert.severity).to_lowercase();
            let details = serde_json::Value::from_iter(alert.details.clone());
            let (kind, at) = (&alert.kind, hours(alert.at));
            format!("alert   {kind} {severity} at={at}: {}\n        {details}\n", alert.message)
        }
        // The members of a bundle that ends follow from the rest; `tests/it/whole/balance.rs` shows them.
        Effect::Count(count) | Effect::CountMany(count, _) if count.family == MEMBERS => String::new(),
        // It follows from the times of the rest.
        Effect::Observe(_) => String::new(),
        Effect::Count(count) => format!("count   {} {}\n", count.family, count.labels.join(" ").trim()),
        Effect::CountMany(count, number) => {
            format!("count   {} {} by {number}\n", count.family, count.labels.join(" ").trim())
        }
        Effect::Act(act) => {
            let (slot, attempt, valid) = (act.slot.0, act.attempt, act.valid_for);
            format!("act     slot={slot} attempt={attempt} valid_for={valid:?} {}\n", act.request)
        }
        Effect::Settle(slot) => format!("settle  slot={}\n", slot.0),
        Effect::AddPart(_) => "part    added\n".to_owned(),
        Effect::DropParts => "parts   dropped\n".to_owned(),
        Effect::DeadLetter(reject) => format!("dead    {reject}\n"),
    };
    lines.replace(" \n", "\n")
}

fn print_forward(key: &Key, forward: &Forward, with_headers: bool) -> String {
    let key = forward.key.as_ref().unwrap_or(key);
    let at = forward.timestamp.map_or_else(String::new, |at| format!(" at={}", hours(at)));
    let value = forward.value.as_deref().map_or("null".into(), String::from_utf8_lossy);
    let mut lines = vec![format!("forward {} key={key}{at} {value}\n", forward.output)];
    lines.extend(forward.headers.iter().filter(|_| with_headers).map(|header| {
        let value = header.value.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        format!("        {}: {value}\n", header.name)
    }));
    lines.concat()
}
