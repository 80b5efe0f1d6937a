//! What an answer means: by the rules of the topology, or else by its status.
//!
//! | status, where no rule holds | the request is |
//! |---|---|
//! | 2xx, without a rule for successes | accepted |
//! | 401, 403, 404, 407: perhaps everybody is refused; 408, 425, 429; 307, 308 | busy: not executed, and tried again |
//! | 409, if it is repeated by its key: an earlier attempt may still be executed | in doubt |
//! | other 4xx | refused |
//! | all others | in doubt |
//!
//! A rule that cannot be evaluated does not hold: an answer of a proxy has other fields, or is no JSON.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::processor::call::{Certainty, Response};
use crate::processor::delivery::SubmitAnswer;
use crate::template::Expression;

/// The variables of a rule.
pub const VARIABLES: [&str; 2] = ["status", "answer"];

/// What an answer means, before its status counts. Both are over [`VARIABLES`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The request was executed; `None`: with each 2xx.
    pub success: Option<Expression>,
    /// The request was not executed, and a retry would be refused too.
    pub refused: Option<Expression>,
}

/// An answer as a rule sees it.
#[derive(Serialize)]
struct Variables {
    status: u16,
    /// The body: its JSON, or a text.
    answer: Value,
}

impl Rules {
    /// What a response means for a request of this certainty.
    pub(in crate::processor) fn judge(&self, response: &Response, certainty: Certainty) -> SubmitAnswer {
        let Response { status, retry_after_ms, body } = response;
        let (detail, retry_after) = (response.to_string(), retry_after_ms.map(Duration::from_millis));
        let answer = body.as_deref().map_or(Value::Null, |body| {
            serde_json::from_str(body).unwrap_or_else(|_no_json| Value::String(body.to_owned()))
        });
        let variables = Variables { status: *status, answer };
        let holds = |rule: &Option<Expression>| rule.as_ref().is_some_and(|it| it.holds(&variables) == Ok(true));
        if holds(&self.success) {
            return SubmitAnswer::Accepted { id: detail };
        }
        if holds(&self.refused) {
            return SubmitAnswer::Refused { detail };
        }
        match status {
            200..=299 if self.success.is_none() => SubmitAnswer::Accepted { id: detail },
            200..=299 => {
                let detail = format!("{detail} (`success` does not hold for it)");
                SubmitAnswer::Unclear { detail, retry_after }
            }
            307 | 308 => {
                let detail = format!("{detail} (a redirect is not followed: configure the address that it leads to)");
                SubmitAnswer::Busy { detail, retry_after }
            }
            401 | 403 | 404 | 407 | 408 | 425 | 429 => SubmitAnswer::Busy { detail, retry_after },
            409 if certainty == Certainty::Idempotent => SubmitAnswer::Unclear { detail, retry_after },
            400..=499 => SubmitAnswer::Refused { detail },
            _ => SubmitAnswer::Unclear { detail, retry_after },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(rules: &Rules, status: u16, body: &str) -> &'static str {
        let response = Response { status, retry_after_ms: Some(7_000), body: Some(body.to_owned()) };
        match rules.judge(&response, Certainty::Idempotent) {
            SubmitAnswer::Accepted { .. } => "accepted",
            SubmitAnswer::Refused { .. } => "refused",
            SubmitAnswer::Busy { retry_after, .. } => {
                assert_eq!(retry_after, Some(Duration::from_secs(7)), "{status}");
                "busy"
            }
            SubmitAnswer::Unclear { .. } => "unclear",
        }
    }

    #[test]
    fn without_rules_the_status_counts() {
        for (statuses, expected) in [
            (&[200, 201, 204][..], "accepted"),
            (&[400, 402, 405, 410, 413, 415, 422][..], "refused"),
            (&[307, 401, 403, 404, 407, 408, 425, 429][..], "busy"),
            (&[301, 302, 303, 409, 500, 502, 503, 504, 600][..], "unclear"),
        ] {
            for status in statuses {
                assert_eq!(judged(&Rules::default(), *status, "x"), expected, "{status}");
            }
        }
        let conflict = Response { status: 409, retry_after_ms: None, body: None };
        let once = Rules::default().judge(&conflict, Certainty::Once);
        assert_eq!(once, SubmitAnswer::Refused { detail: "HTTP 409".to_owned() });
    }

    #[test]
    fn rules_count_before_the_status_and_one_that_fails_does_not_hold() {
        let rule = |text: &str| Some(Expression::compile(text).unwrap());
        let rules = Rules {
            success: rule("answer.state == 'done' or answer.code == 'DUPLICATE'"),
            refused: rule("status == 404 or answer.code == 'UNKNOWN_SKU'"),
        };
        for (status, body, expected) in [
            (200, r#"{"state": "done"}"#, "accepted"),
            (409, r#"{"state": "x", "code": "DUPLICATE"}"#, "accepted"),
            (200, r#"{"state": "no", "code": "UNKNOWN_SKU"}"#, "refused"),
            (200, r#"{"state": "no", "code": "?"}"#, "unclear"),
            (200, "<html>", "unclear"),
            (404, "default backend", "refused"),
            (503, r#"{"state": "no", "code": "?"}"#, "unclear"),
            (429, "", "busy"),
        ] {
            assert_eq!(judged(&rules, status, body), expected, "{status} {body}");
        }
    }
}
