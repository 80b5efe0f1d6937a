//! What a token endpoint answers (RFC 6749, 5.1 and 5.2).

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::claims::Claims;
use crate::broker::kafka::{Token, TokenError};
use crate::model::Timestamp;

/// The longest text of another that is repeated in a message, in characters.
const QUOTED_MAX: usize = 200;
/// The HTTP statuses with which a request is refused.
const REFUSING: [u16; 3] = [400, 401, 403];
/// The errors that are of the server, whatever the status.
const OF_SERVER: [&str; 2] = ["server_error", "temporarily_unavailable"];

#[derive(Deserialize)]
struct Issued {
    access_token: String,
    #[serde(default)]
    token_type: Option<String>,
    /// A number of seconds; a text in the answers of some servers.
    #[serde(default)]
    expires_in: Option<Value>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: Option<String>,
}

/// The token in the answer to a request of the time `asked`, from which its life counts. Errors have no part of a token.
pub(super) fn token(status: u16, body: &[u8], asked: Timestamp) -> Result<Token, TokenError> {
    let unavailable = |detail: String| Err(TokenError::Unavailable(detail));
    if status != 200 {
        let Ok(refusal) = serde_json::from_slice::<Refusal>(body) else {
            return unavailable(format!("it answers with the HTTP status {status}"));
        };
        let mut detail = format!("it answers with the HTTP status {status}: {}", quoted(&refusal.error));
        if let Some(description) = refusal.error_description.filter(|text| !text.is_empty()) {
            detail = format!("{detail}: {}", quoted(&description));
        }
        let is_refused = REFUSING.contains(&status) && !OF_SERVER.contains(&refusal.error.as_str());
        return if is_refused { Err(TokenError::Refused(detail)) } else { unavailable(detail) };
    }
    let Ok(issued) = serde_json::from_slice::<Issued>(body) else {
        return unavailable("its answer has no access_token: it is no token endpoint of OAuth 2".to_owned());
    };
    if let Some(other) = issued.token_type.filter(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return unavailable(format!("its tokens are of the type {}, and Kafka takes bearer tokens", quoted(&other)));
    }
    let Claims { sub, exp } = Claims::of(&issued.access_token);
    // The first is by this host's clock alone.
    let expires = match (issued.expires_in.as_ref().and_then(seconds), exp.and_then(duration)) {
        (Some(life), _) => asked.saturating_add(life),
        (None, Some(since_1970)) => Timestamp::from_millis(0).saturating_add(since_1970),
        (None, None) => {
            return unavailable(
                "its answer tells by neither `expires_in` nor the claim `exp` when the token ends".to_owned(),
            );
        }
    };
    Ok(Token { value: issued.access_token, expires, principal: sub.unwrap_or_default(), extensions: Vec::new() })
}

/// A number of seconds, which some servers send as a text.
fn seconds(value: &Value) -> Option<Duration> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).and_then(duration)
}

/// Seconds; `None` for what is no time.
fn duration(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

/// The beginning of another's text, on one line.
fn quoted(text: &str) -> String {
    text.chars().take(QUOTED_MAX).map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
    /// `{"sub":"orders","exp":1700000600}`
    const JWT: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJvcmRlcnMiLCJleHAiOjE3MDAwMDA2MDB9.s3cret";

    fn answered(status: u16, body: &str) -> Result<Token, TokenError> {
        token(status, body.as_bytes(), NOW)
    }

    #[test]
    fn a_token_ends_when_the_answer_says_or_else_its_claim() {
        for (rest, seconds) in [
            (r#", "expires_in": 300, "token_type": "Bearer""#, 300),
            (r#", "expires_in": "120", "token_type": "bearer""#, 120),
            ("", 600),
            (r#", "expires_in": null"#, 600),
        ] {
            let token = answered(200, &format!(r#"{{"access_token": "{JWT}"{rest}}}"#)).expect("a token");
            assert_eq!((token.value.as_str(), token.principal.as_str()), (JWT, "orders"));
            assert_eq!(token.expires.as_millis() - NOW.as_millis(), seconds * 1000, "{rest}");
        }
        let opaque = answered(200, r#"{"access_token": "opaque", "expires_in": 60}"#).expect("a token");
        assert_eq!((opaque.principal.as_str(), opaque.expires.as_millis() - NOW.as_millis()), ("", 60_000));
    }

    #[test]
    fn only_a_refusal_by_the_protocol_is_one() {
        let refusal = |error: &str| format!(r#"{{"error": "{error}", "error_description": "no\nsuch client"}}"#);
        for status in REFUSING {
            let error = answered(status, &refusal("invalid_client")).expect_err("refused");
            let words = format!("it answers with the HTTP status {status}: invalid_client: no such client");
            assert_eq!(error, TokenError::Refused(words));
        }
        let refused_by_nobody = [
            (401, "<html>".to_owned()),
            (400, refusal("temporarily_unavailable")),
            (429, refusal("slow_down")),
            (404, "{}".to_owned()),
            (503, refusal("server_error")),
            (302, String::new()),
        ];
        for (status, body) in refused_by_nobody {
            let error = answered(status, &body).expect_err("no token");
            assert!(matches!(&error, TokenError::Unavailable(text) if text.contains(&status.to_string())), "{error:?}");
        }
    }

    #[test]
    fn what_is_no_token_is_told_without_its_text() {
        for (body, words) in [
            ("<html>s3cret</html>", "no access_token"),
            (r#"{"id_token": "s3cret"}"#, "no access_token"),
            (r#"{"access_token": "s3cret", "token_type": "mac", "expires_in": 5}"#, "of the type mac"),
            (r#"{"access_token": "s3cret"}"#, "when the token ends"),
            (r#"{"access_token": "s3cret", "expires_in": "soon"}"#, "when the token ends"),
        ] {
            let error = answered(200, body).expect_err("no token");
            assert!(matches!(&error, TokenError::Unavailable(text) if text.contains(words)), "{error:?}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
