//! The verdict of an HTTP response; see the table in the module's documentation.

use std::time::Duration;

use serde::Deserialize;

use super::client::Reply;
use super::{look_up, message};
use crate::model::Verdict;
use crate::processor::delivery::control_m::Answer;

/// The response to an accepted submit, without irrelevant fields.
#[derive(Deserialize)]
struct Submitted {
    #[serde(rename = "runId")]
    run_id: String,
}

/// The verdict of `POST /run/ondemand`.
pub(super) fn of_submit(reply: &Reply, unauthorized_retry: Duration) -> Verdict {
    if reply.status != 200 {
        return of_failure(reply, unauthorized_retry);
    }
    let body = match &reply.body {
        Ok(body) => body,
        Err(reason) => return Verdict::Unknown(format!("200, but the body is incomplete: {reason}")),
    };
    match serde_json::from_str(body) {
        Ok(Submitted { run_id }) if !run_id.is_empty() => answered(&Answer::Accepted { run_id }),
        Ok(Submitted { .. }) => Verdict::Unknown("200 with an empty runId".to_owned()),
        Err(error) => Verdict::Unknown(format!("200 without a runId ({error}): {}", message::of(body))),
    }
}

/// The verdict of `GET /run/jobs/status`.
pub(super) fn of_look_up(reply: &Reply, folder: &str, unauthorized_retry: Duration) -> Verdict {
    if !matches!(reply.status, 200 | 206) {
        return of_failure(reply, unauthorized_retry);
    }
    let body = match &reply.body {
        Ok(body) => body,
        Err(reason) => return Verdict::Unknown(format!("{}, but the body is incomplete: {reason}", reply.status)),
    };
    match look_up::read(body, folder, reply.status == 206) {
        Ok(Some(job_id)) => answered(&Answer::Found { job_id }),
        Ok(None) => answered(&Answer::Absent),
        Err(reason) => Verdict::Unknown(format!("{}, but {reason}", reply.status)),
    }
}

/// The verdict of a response that is not a success. The status is enough if the body is incomplete.
fn of_failure(reply: &Reply, unauthorized_retry: Duration) -> Verdict {
    let status = reply.status;
    let message = match &reply.body {
        Ok(body) => message::of(body),
        Err(reason) => format!("(its body is incomplete: {reason})"),
    };
    match status {
        400 | 403 | 404 | 413 | 422 => answered(&Answer::Refused { status, message }),
        401 => busy(status, message, Some(reply.retry_after.unwrap_or(unauthorized_retry))),
        429 => busy(status, message, reply.retry_after),
        // A proxy responds with 503 too, also to a request that it has forwarded.
        503 if reply.body.as_deref().is_ok_and(message::is_error_list) => busy(status, message, reply.retry_after),
        _ => Verdict::Unknown(format!("HTTP status {status}: {message}")),
    }
}

fn busy(status: u16, message: String, retry_after: Option<Duration>) -> Verdict {
    let retry_after_ms = retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    answered(&Answer::Busy { status, message, retry_after_ms })
}

fn answered(answer: &Answer) -> Verdict {
    match serde_json::to_string(answer) {
        Ok(json) => Verdict::Answered(json),
        // Texts and numbers always serialize; if they did not, the outcome would be unknown.
        Err(error) => Verdict::Unknown(format!("the response cannot be encoded: {error}")),
    }
}
