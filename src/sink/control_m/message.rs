//! The message in an error body of any form.

use serde_json::Value;

/// The longest quotation of a body, in bytes.
const BYTES_MAX: usize = 500;

/// The messages of `errors[]`, or else `message`, or else the beginning of the text (proxies respond with HTML).
/// Source: `ErrorList` of the API's own description; `message` alone comes from gateways. The result of a deployment has `lines`
/// in place of messages, and is one object or a list with one for each file.
pub(super) fn of(body: &str) -> String {
    let found = serde_json::from_str::<Value>(body).ok().and_then(|json| {
        let listed: Vec<&str> = errors(&json).flat_map(texts).collect();
        if listed.is_empty() { json.get("message")?.as_str().map(str::to_owned) } else { Some(listed.join("; ")) }
    });
    let text = found.as_deref().unwrap_or(body).trim();
    if text.is_empty() { "(no message)".to_owned() } else { beginning(text) }
}

/// True for an `ErrorList`, the body of Control-M itself: gateways and proxies use other forms.
pub(super) fn is_error_list(body: &str) -> bool {
    serde_json::from_str::<Value>(body).is_ok_and(|json| errors(&json).any(|error| texts(error).next().is_some()))
}

/// The errors of a body.
fn errors(json: &Value) -> impl Iterator<Item = &Value> {
    let bodies = std::iter::once(json).chain(json.as_array().into_iter().flatten());
    bodies.filter_map(|body| body.get("errors")?.as_array()).flatten()
}

/// The message of an error, or its lines.
fn texts(error: &Value) -> impl Iterator<Item = &str> {
    let lines = error.get("lines").and_then(Value::as_array).into_iter().flatten();
    error.get("message").into_iter().chain(lines).filter_map(Value::as_str)
}

/// True for an `ErrorList` with an error at a place of a definition: `item`, `file` or `line`.
pub(super) fn has_position(body: &str) -> bool {
    let is_there = |error: &Value, field| error.get(field).is_some_and(|value| !value.is_null());
    serde_json::from_str::<Value>(body).is_ok_and(|json| {
        errors(&json).any(|error| ["item", "file", "line"].iter().any(|field| is_there(error, field)))
    })
}

/// At most [`BYTES_MAX`] bytes, truncated between characters.
fn beginning(text: &str) -> String {
    let mut end = BYTES_MAX.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let (head, rest) = text.split_at(end);
    if rest.is_empty() { head.to_owned() } else { format!("{head}…") }
}

#[cfg(test)]
mod tests {
    use super::{is_error_list, of};

    #[test]
    fn each_form_of_an_error_body_gives_its_message() {
        let cases = [
            (r#"{"errors":[{"message":"a","item":null},{"id":"1"},{"message":"b"}]}"#, "a; b"),
            (r#"{"message":"Forbidden"}"#, "Forbidden"),
            (r#"{"errors":[],"message":"m"}"#, "m"),
            (r#"{"errors":[{"lines":["x","y"]}]}"#, "x; y"),
            (r#"[{"deploymentFile":"a.json","errors":[{"lines":["x"]}]},{"errors":[{"message":"y"}]},{}]"#, "x; y"),
            (r#"{"errors":[{"lines":[]}]}"#, r#"{"errors":[{"lines":[]}]}"#),
            (r#"{"errors":{"message":"a"},"message":null}"#, r#"{"errors":{"message":"a"},"message":null}"#),
            ("[]", "[]"),
            ("null", "null"),
            ("<html>Bad Gateway</html>\n", "<html>Bad Gateway</html>"),
            ("", "(no message)"),
            (" \n", "(no message)"),
            ("7", "7"),
        ];
        for (body, words) in cases {
            assert_eq!(of(body), words, "{body}");
        }
    }

    #[test]
    fn only_an_error_list_is_taken_for_control_m() {
        assert!(is_error_list(r#"{"errors":[{"message":"a","item":null}]}"#));
        assert!(is_error_list(r#"[{"deploymentFile":"a.json","errors":[{"lines":["x"]}]}]"#), "of a deployment");
        for body in [r#"{"message":"m"}"#, r#"{"errors":[]}"#, r#"{"errors":[{"lines":[]}]}"#, "<html>", "", "[]"] {
            assert!(!is_error_list(body), "{body}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let words = of(&"ä€".repeat(1000));
        assert!(words.len() <= 503 && words.ends_with('…'), "{words}");
        assert_eq!(of(&"x".repeat(500)), "x".repeat(500));
    }
}
