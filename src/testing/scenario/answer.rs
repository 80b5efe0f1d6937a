//! The words for answers of sinks.

use crate::model::Verdict;
use crate::processor::call::Response;
use crate::processor::delivery::control_m::Answer;
use crate::testing::golden::{Command, Error};

/// The arguments of the words.
pub(super) const ARGUMENTS: [&str; 4] = ["id", "status", "message", "retry_after"];

/// The words, each with what it says.
pub(super) const WORDS: [&str; 10] =
    ["accepted", "refused", "busy", "suspended", "found", "absent", "added", "response", "lost", "not_sent"];

/// The number of words of an answer to a key: a response may have a body behind them.
pub(super) fn words_of(command: &Command) -> usize {
    if command.words.get(1).is_some_and(|word| word == "response") { 3 } else { 2 }
}

/// The verdict of a word, with its arguments, or of an answer as JSON.
pub(super) fn read(word: &str, command: &Command) -> Result<Verdict, Error> {
    if word.starts_with(['{', '[']) {
        return Ok(Verdict::Answered(word.to_owned()));
    }
    let text = |name: &str, default: &str| command.named.get(name).map_or(default, String::as_str).to_owned();
    let status = |default: u16| Ok::<u16, Error>(command.get("status")?.unwrap_or(default));
    let retry_after_ms = || {
        let wait = command.duration("retry_after")?;
        Ok::<_, Error>(wait.and_then(|wait| u64::try_from(wait.as_millis()).ok()))
    };
    let answer = match word {
        "response" => {
            let body = Some(command.words.get(2).cloned().unwrap_or_default());
            let response = Response { status: status(200)?, retry_after_ms: retry_after_ms()?, body };
            return Ok(Verdict::answered(&response));
        }
        "lost" => return Ok(Verdict::Unknown(text("message", "the connection was reset"))),
        "suspended" => return Ok(Verdict::Suspended(text("message", "the server refuses everybody"))),
        "not_sent" => return Ok(Verdict::NotSent(text("message", "connection refused"))),
        "accepted" => Answer::Accepted { run_id: text("id", "r1") },
        "found" => Answer::Found { job_id: text("id", "smprod:0001g") },
        "absent" => Answer::Absent,
        "added" => Answer::Added,
        "refused" => Answer::Refused { status: status(400)?, message: text("message", "no such application") },
        "busy" => Answer::Busy {
            status: status(503)?,
            message: text("message", "try again"),
            retry_after_ms: retry_after_ms()?,
        },
        _ => return Err(format!("`{word}` is no answer; answers are {}, or JSON", WORDS.join(", ")).into()),
    };
    // Texts and numbers always serialize.
    Ok(Verdict::Answered(serde_json::to_string(&answer).unwrap_or_default()))
}
