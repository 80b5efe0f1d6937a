//! Rules for SLA jobs.

use serde_json::Value;

use super::definition::{Definition, Job};
use super::limit::NAME_CHARS_MAX;
use super::object::text;
use super::place::{Places, below};

pub(super) fn names(definition: &Definition<'_>, places: &mut Places) {
    for job in services(definition) {
        let chars = text(job.body, "ServiceName").chars().count();
        if chars > NAME_CHARS_MAX {
            places.add(below(&job.pointer, "ServiceName"), format!("the service's name has {chars} characters"));
        }
    }
}

pub(super) fn blanks(definition: &Definition<'_>, places: &mut Places) {
    for job in services(definition).filter(|job| text(job.body, "ServiceName").contains(char::is_whitespace)) {
        places.add(below(&job.pointer, "ServiceName"), "the service's name has a blank");
    }
}

pub(super) fn times(definition: &Definition<'_>, places: &mut Places) {
    for job in services(definition) {
        let Some(complete_in) = job.body.get("CompleteIn") else { continue };
        let time = complete_in.get("Time").and_then(Value::as_str).unwrap_or_default();
        if !is_hours_and_minutes(time) {
            places.add(below(&job.pointer, "CompleteIn"), format!("`{time}` is no time"));
        }
    }
}

pub(super) fn both_times(definition: &Definition<'_>, places: &mut Places) {
    for job in services(definition) {
        if job.body.contains_key("CompleteIn") && job.body.contains_key("CompleteBy") {
            places.add(job.pointer.as_str(), "the service has `CompleteIn` and `CompleteBy`");
        }
    }
}

fn services<'d, 'a>(definition: &'d Definition<'a>) -> impl Iterator<Item = &'d Job<'a>> {
    definition.jobs().filter(|job| job.kind == "SLAManagement")
}

/// True for one to three digits, a colon, and one or two digits.
fn is_hours_and_minutes(time: &str) -> bool {
    let is_digits =
        |text: &str, most| (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    time.split_once(':').is_some_and(|(hours, minutes)| is_digits(hours, 3) && is_digits(minutes, 2))
}
