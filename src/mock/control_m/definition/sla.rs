//! Services with a deadline: `Job:SLAManagement`.

use std::time::Duration;

use serde_json::{Map, Value};

use super::super::answer::Problem;
use super::field::text;

/// The service of an SLA job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mock::control_m) struct Service {
    /// Its name.
    pub(in crate::mock::control_m) name: String,
    /// `1` (highest) to `5`.
    pub(in crate::mock::control_m) priority: String,
    /// When it has to be complete; none means never.
    pub(in crate::mock::control_m) deadline: Option<Deadline>,
}

/// The time at which a service has to be complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mock::control_m) enum Deadline {
    /// So long after the order of its job.
    In(Duration),
    /// At a time of day, so many days after the order date.
    By {
        /// The days.
        days: i32,
        /// The time since midnight.
        time: Duration,
    },
}

/// Reads the service of a job.
pub(super) fn service(item: &str, job: &Map<String, Value>) -> Result<Service, Problem> {
    let time = |block: &Map<String, Value>| {
        let text = text(block, "Time");
        hours_and_minutes(&text).ok_or_else(|| Problem::of(item, format!("'{text}' is not a time HH:MM")))
    };
    let block = |name: &str| job.get(name).and_then(Value::as_object);
    let deadline = match (block("CompleteIn"), block("CompleteBy")) {
        // Both at once have been refused.
        (Some(complete), _) => Some(Deadline::In(time(complete)?)),
        (None, Some(complete)) => {
            let days = text(complete, "Days").parse().unwrap_or(0);
            Some(Deadline::By { days, time: time(complete)? })
        }
        (None, None) => None,
    };
    let priority = Some(text(job, "ServicePriority")).filter(|text| !text.is_empty()).unwrap_or_else(|| "3".to_owned());
    Ok(Service { name: text(job, "ServiceName"), priority, deadline })
}

/// A time `H:M`, also above 24 hours.
fn hours_and_minutes(text: &str) -> Option<Duration> {
    let (hours, minutes) = text.split_once(':')?;
    let of = |text: &str, length: usize| text.parse::<u64>().ok().filter(|_| text.len() <= length);
    Some(Duration::from_mins(of(hours, 3)? * 60 + of(minutes, 2)?))
}
