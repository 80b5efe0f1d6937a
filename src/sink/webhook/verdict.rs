//! The verdict of an HTTP response.

use crate::model::Verdict;
use crate::processor::call::{Answer, Response};

/// The reason for which a response with this status may meet everybody; `None` if it is about the request.
pub(super) fn reason(status: u16) -> Option<&'static str> {
    match status {
        401 | 407 => Some("unauthorized"),
        403 => Some("forbidden"),
        404 => Some("not_found"),
        408 | 425 | 429 => Some("busy"),
        500.. => Some("failing"),
        _ => None,
    }
}

/// The verdict of a response with this status, `Retry-After` and body. See the table of the [module](super).
pub(super) fn of(response: &Response) -> Verdict {
    let Response { status, retry_after_ms, .. } = *response;
    let detail = response.to_string();
    let busy = |detail| Answer::Busy { detail, retry_after_ms }.verdict();
    match status {
        200..=299 => Answer::Executed { detail }.verdict(),
        300..=399 => {
            let detail = format!("{detail} (a redirect is not followed: configure the address that it leads to)");
            Answer::Refused { detail }.verdict()
        }
        408 | 425 | 429 => busy(detail),
        503 if retry_after_ms.is_some() => busy(detail),
        400..=499 => Answer::Refused { detail }.verdict(),
        _ => Verdict::Unknown(detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, retry_after_ms: Option<u64>, body: &str) -> Verdict {
        super::of(&Response { status, retry_after_ms, body: Some(body.to_owned()) })
    }

    #[test]
    fn each_status_has_its_verdict() {
        let wait = Some(3_000);
        let busy = |status| {
            let detail = format!("HTTP {status}: no\u{fffd} more");
            Answer::Busy { detail, retry_after_ms: Some(3_000) }.verdict()
        };
        let executed = Answer::Executed { detail: "HTTP 202".to_owned() }.verdict();
        assert_eq!(of(202, None, " \n"), executed);
        for status in [408, 425, 429, 503] {
            assert_eq!(of(status, wait, "no\u{fffd}\n more"), busy(status));
        }
        for status in [301, 400, 401, 404, 410, 413, 422] {
            let Verdict::Answered(answer) = of(status, wait, "x") else { panic!("{status} is an answer") };
            assert!(matches!(serde_json::from_str(&answer), Ok(Answer::Refused { .. })), "{status}: {answer}");
        }
        for status in [500, 502, 503, 504, 600] {
            assert!(matches!(of(status, None, ""), Verdict::Unknown(_)), "{status}");
        }
        assert!(matches!(of(500, None, &"x".repeat(1_000)), Verdict::Unknown(detail) if detail.len() < 300));
    }
}
