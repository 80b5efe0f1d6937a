//! The verdict of an HTTP response; see the table in the module's documentation.

use std::time::Duration;

use serde::Deserialize;

use super::exchange::{Reason, Reply};
use super::{look_up, message, refusal};
use crate::model::Verdict;
use crate::processor::delivery::control_m::Answer;

/// The response to an accepted submit, without irrelevant fields.
#[derive(Deserialize)]
struct Submitted {
    #[serde(rename = "runId")]
    run_id: String,
}

/// The verdict of `POST /run/ondemand`.
pub(super) fn of_submit(reply: &Reply, url: &str) -> Verdict {
    if reply.status != 200 {
        return of_failure(reply, url);
    }
    let body = match &reply.body {
        Ok(body) => body,
        Err(reason) => return Verdict::Unknown(format!("200, but the body is incomplete: {reason}")),
    };
    match serde_json::from_str(body) {
        Ok(Submitted { run_id }) if !run_id.is_empty() => Verdict::answered(&Answer::Accepted { run_id }),
        Ok(Submitted { .. }) => Verdict::Unknown("200 with an empty runId".to_owned()),
        Err(error) => Verdict::Unknown(format!("200 without a runId ({error}): {}", message::of(body))),
    }
}

/// The verdict of `GET /run/jobs/status`.
pub(super) fn of_look_up(reply: &Reply, folder: &str, url: &str) -> Verdict {
    if !matches!(reply.status, 200 | 206) {
        return of_failure(reply, url);
    }
    let body = match &reply.body {
        Ok(body) => body,
        Err(reason) => return Verdict::Unknown(format!("{}, but the body is incomplete: {reason}", reply.status)),
    };
    match look_up::read(body, folder, reply.status == 206) {
        Ok(Some(job_id)) => Verdict::answered(&Answer::Found { job_id }),
        Ok(None) => Verdict::answered(&Answer::Absent),
        Err(reason) => Verdict::Unknown(format!("{}, but {reason}", reply.status)),
    }
}

/// The verdict of a response that is not a success. The status is enough if the body is incomplete.
pub(super) fn of_failure(reply: &Reply, url: &str) -> Verdict {
    let status = reply.status;
    let message = match &reply.body {
        Ok(body) => message::of(body),
        Err(reason) => format!("(its body is incomplete: {reason})"),
    };
    let is_own = reply.body.as_deref().is_ok_and(message::is_error_list);
    match status {
        400 | 413 | 422 => Verdict::answered(&Answer::Refused { status, message }),
        // Control-M's own list is about the definition, as the caller has checked that not everybody is refused.
        403 | 404 if is_own => Verdict::answered(&Answer::Refused { status, message }),
        401 | 403 | 404 | 407 => {
            let reason = match status {
                401 => Reason::Unauthorized,
                404 => Reason::NotFound,
                407 => Reason::Proxy,
                _ => Reason::Forbidden,
            };
            busy(status, format!("{message} ({url}: {})", refusal::remedy(reason, url)), reply.retry_after)
        }
        429 => busy(status, message, reply.retry_after),
        // A proxy responds with 503 too, also to a request that it has forwarded.
        503 if is_own => busy(status, message, reply.retry_after),
        _ => Verdict::Unknown(format!("HTTP status {status}: {message}")),
    }
}

/// True for an answer that the call was not executed and may be later.
pub(super) fn is_busy(answer: &str) -> bool {
    matches!(serde_json::from_str(answer), Ok(Answer::Busy { .. }))
}

pub(super) fn busy(status: u16, message: String, retry_after: Option<Duration>) -> Verdict {
    let retry_after_ms = retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    Verdict::answered(&Answer::Busy { status, message, retry_after_ms })
}
