//! The verdict of an HTTP response.

use std::time::Duration;

use crate::model::Verdict;
use crate::processor::call::Answer;

/// The longest quotation of a body, in characters.
const QUOTED_MAX: usize = 200;

/// The verdict of a response with this status, `Retry-After` and body. See the table of the [module](super).
pub(super) fn of(status: u16, retry_after: Option<Duration>, body: &str) -> Verdict {
    let detail = describe(status, body);
    let busy = |detail| {
        let retry_after_ms = retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        Answer::Busy { detail, retry_after_ms }.verdict()
    };
    match status {
        200..=299 => Answer::Executed { detail }.verdict(),
        300..=399 => {
            let detail = format!("{detail} (a redirect is not followed: configure the address that it leads to)");
            Answer::Refused { detail }.verdict()
        }
        408 | 425 | 429 => busy(detail),
        503 if retry_after.is_some() => busy(detail),
        400..=499 => Answer::Refused { detail }.verdict(),
        _ => Verdict::Unknown(detail),
    }
}

fn describe(status: u16, body: &str) -> String {
    let text: Vec<&str> = body.split_whitespace().collect();
    let text: String = text.join(" ").chars().take(QUOTED_MAX).collect();
    if text.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_verdict() {
        let wait = Some(Duration::from_secs(3));
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
