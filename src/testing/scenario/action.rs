//! The commands of a scenario, as what the player does.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::SignedDuration;

use super::answer;
use crate::codec::yaml::closest;
use crate::model::{Headers, Timestamp, Verdict};
use crate::testing::golden::{Command, Error, instant};

/// The start of an argument that is a header of a record.
const HEADER: &str = "header.";
/// The names of all commands.
const NAMES: [&str; 7] = ["send", "until", "answer", "answers", "command", "headers", "requests"];
/// The names of what stands before the first scenario.
pub(super) const HEADERS: [&str; 3] = ["topology", "set", "let"];

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Timed {
    /// The time to which the clock advances first.
    pub now: Option<Timestamp>,
    /// What is done then.
    pub action: Action,
}

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Writes a record.
    Send(Sent),
    /// Advances the clock only.
    Until,
    /// Answers the oldest act in flight of a key.
    Answer { key: String, verdict: Verdict },
    /// Answers all acts from now on, by the word in `do` of their requests.
    Answers(BTreeMap<String, Verdict>),
    /// Sends an operator's command to an entry.
    Operate { processor: String, key: String, name: String, arguments: BTreeMap<String, String> },
    /// Shows the headers of forwarded records from now on.
    Headers,
    /// Shows the contents of requests from now on.
    Requests,
}

/// A record of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub topic: String,
    pub key: Option<String>,
    pub value: Option<Bytes>,
    pub headers: Headers,
    /// The record's timestamp; `None`: the clock.
    pub at: Option<Timestamp>,
}

impl Timed {
    /// Reads a command; the error has a message, and a hint if there is one.
    pub(super) fn read(command: &Command) -> Result<Self, (String, Option<String>)> {
        let hint = match command.name.as_str() {
            name if HEADERS.contains(&name) => Some("it stands before the first scenario of a file".to_owned()),
            name if NAMES.contains(&name) => None,
            name => closest(name, NAMES).or_else(|| closest(name, HEADERS)),
        };
        read(command).map_err(|error| (error.to_string(), hint))
    }
}

fn read(command: &Command) -> Result<Timed, Error> {
    let word = |index| command.word(index).map(str::to_owned);
    let at = command.instant("at")?;
    let now = command.instant("now")?.or(at);
    let timed = |action| Ok(Timed { now, action });
    match command.name.as_str() {
        "send" => timed(Action::Send(sent(command, at)?)),
        "until" => {
            command.allow(&[], 1)?;
            let text = command.word(0)?;
            let wrong =
                |_no_duration| format!("`{text}` is no time: write the time since the start, such as 25h or 1h30m");
            let after: SignedDuration = text.parse().map_err(wrong)?;
            Ok(Timed { now: Some(instant(after)), action: Action::Until })
        }
        "answer" => {
            command.allow(&answer::ARGUMENTS, answer::words_of(command))?;
            timed(Action::Answer { key: word(0)?, verdict: answer::read(command.word(1)?, command)? })
        }
        "answers" => {
            command.allow(&command.named.keys().map(String::as_str).collect::<Vec<_>>(), 0)?;
            let named = command.named.iter().filter(|(name, _)| !is_time(name));
            let verdicts = named.map(|(kind, word)| Ok((kind.clone(), answer::read(word, command)?)));
            timed(Action::Answers(verdicts.collect::<Result<_, Error>>()?))
        }
        "command" => {
            command.allow(&command.named.keys().map(String::as_str).collect::<Vec<_>>(), 3)?;
            let mut arguments = command.named.clone();
            arguments.retain(|name, _| !is_time(name));
            timed(Action::Operate { processor: word(0)?, key: word(1)?, name: word(2)?, arguments })
        }
        "headers" => command.allow(&[], 0).and_then(|()| timed(Action::Headers)),
        "requests" => command.allow(&[], 0).and_then(|()| timed(Action::Requests)),
        _ => Err(command.unknown()),
    }
}

fn sent(command: &Command, at: Option<Timestamp>) -> Result<Sent, Error> {
    let (mut plain, mut headers) = (command.clone(), Headers::new());
    for (name, value) in &command.named {
        if let Some(header) = name.strip_prefix(HEADER) {
            headers.push(header.to_owned(), Some(Bytes::copy_from_slice(value.as_bytes())));
            plain.named.remove(name);
        }
    }
    plain.allow(&["key", &format!("{HEADER}NAME")], 2)?;
    let value = command.words.get(1).map(|text| Bytes::copy_from_slice(text.as_bytes()));
    let (topic, key) = (command.word(0)?.to_owned(), command.named.get("key").cloned());
    Ok(Sent { topic, key, value, headers, at })
}

fn is_time(name: &str) -> bool {
    matches!(name, "at" | "now")
}
