//! The verdict of a mail server's answer.

use lettre::transport::smtp;

use crate::model::Verdict;
use crate::processor::call::Answer;

/// The codes of a refused login (RFC 4954, section 6; 530 of RFC 3207): that refuses everybody, until the login is mended.
const LOGIN: [u16; 4] = [530, 534, 535, 538];

/// The begin of the text of an error before there was a connection: lettre tells this kind by its text only.
const NO_CONNECTION: &str = "Connection error";

/// The verdict of an attempt that failed, and the code of the answer. See the table of the [module](super).
pub(super) fn of_error(error: &smtp::Error) -> (Verdict, Option<u16>) {
    let code = error.status().map(u16::from);
    let detail = chain(error);
    let verdict = if code.is_some_and(|code| LOGIN.contains(&code)) {
        Answer::Busy { detail: format!("the login is refused: {detail}"), retry_after_ms: None }.verdict()
    } else if error.is_permanent() {
        Answer::Refused { detail }.verdict()
    } else if error.is_transient() {
        Answer::Busy { detail, retry_after_ms: None }.verdict()
    } else if error.is_client() || detail.starts_with(NO_CONNECTION) {
        Verdict::NotSent(detail)
    } else {
        Verdict::Unknown(detail)
    };
    (verdict, code)
}

/// The reason for which an answer with this code may meet everybody; `None` if it is about the mail.
pub(super) fn reason(code: u16) -> Option<&'static str> {
    match code {
        code if LOGIN.contains(&code) => Some("unauthorized"),
        400..=499 => Some("busy"),
        _ => None,
    }
}

/// An error with its causes.
fn chain(error: &smtp::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        // Some of lettre's texts hold those of their causes.
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
