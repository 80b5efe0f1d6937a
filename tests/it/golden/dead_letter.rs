//! The commands of the dead letters' golden files.
//!
//! | command | what it is |
//! |---|---|
//! | `letter 17 {"a":1} key=k rounds=2 lacks=value user=x` | the letter of the record `orders-3@17` with this value; `lacks` is `value`, `key` or `headers`, `user` a header |
//! | `letter 17 large` | a value of 5,000 bytes |
//! | `act delivery p1` | the letter of a refused act of an entry |
//! | `foreign`, `own` | a record that is no letter; the letter of a letter |

use bytes::Bytes;
use sheaf::model::{Headers, Record, TimerKind, Timestamp};
use sheaf::processor::dead_letter::{DeadLetters, Letter, LetterKeying, header};
use sheaf::testing::golden::{Command, Error, Given, Script, record};

#[derive(Default)]
pub(crate) struct LetterScript;

impl Script for LetterScript {
    type Processor = DeadLetters;

    fn processor(&self) -> DeadLetters {
        DeadLetters
    }

    fn read(&mut self, command: &Command, at: Timestamp) -> Result<Given, Error> {
        let letter = match command.name.as_str() {
            "letter" => {
                command.allow(&["key", "rounds", "lacks", "user"], 2)?;
                let value = match command.words.get(1).map(String::as_str) {
                    Some("large") => Some("x".repeat(5_000)),
                    other => other.map(str::to_owned),
                };
                let key = command.named.get("key").map(String::as_str);
                let mut letter = record("app-dead-letters", key, value.as_deref(), at);
                letter.headers = headers("orders", command.word(0)?, at);
                if let Some(rounds) = command.named.get("rounds") {
                    letter.headers = letter.headers.with(header::ROUNDS, rounds.clone());
                }
                if let Some(value) = command.named.get("user") {
                    letter.headers.push("user", Some(Bytes::from(value.clone())));
                }
                match command.named.get("lacks").map(String::as_str) {
                    Some("value") => letter.headers = letter.headers.with(header::TRUNCATED_FROM, "99999999"),
                    Some("key") => letter.headers = letter.headers.with(header::KEY_LEFT_OUT, "99999999"),
                    Some(_) => letter.headers = letter.headers.with(header::HEADERS_LEFT_OUT, "99999999"),
                    None => {}
                }
                letter
            }
            "act" => {
                command.allow(&[], 2)?;
                let (processor, entry) = (command.word(0)?.to_owned(), command.word(1)?);
                let mut letter = record("app-dead-letters", Some(entry), None, at);
                letter.headers =
                    headers(&format!("app-{processor}-inbox"), "-1", at).with(header::PROCESSOR, processor);
                letter
            }
            "foreign" => record("app-dead-letters", Some("k"), Some("{}"), at),
            "own" => {
                let letter = record("app-dead-letters", None, Some("{}"), at);
                Record { headers: headers("app-dead-letters", "4", at), ..letter }
            }
            _ => return Err(command.unknown()),
        };
        Ok(Given::keyed(&LetterKeying, letter))
    }

    fn state(&self, letter: &Letter) -> String {
        let Letter { disposition, reason, rounds, content, in_parts, .. } = letter;
        let value = content.as_ref().and_then(|content| content.value.as_ref());
        let bytes = value.map_or("none".to_owned(), |value| value.len().to_string());
        let place = if *in_parts { " in_parts" } else { "" };
        format!("{disposition:?} reason={reason} rounds={rounds} bytes={bytes}{place}").to_lowercase()
    }

    fn timer(&self, _: TimerKind) -> String {
        "forget".to_owned()
    }
}

/// The headers of the letter of a record in partition 3 of a topic.
fn headers(topic: &str, offset: &str, at: Timestamp) -> Headers {
    Headers::new()
        .with(header::STAGE, "decode")
        .with(header::REASON, "unparsable")
        .with(header::MESSAGE, "it is no JSON")
        .with(header::TOPIC, topic.to_owned())
        .with(header::PARTITION, "3")
        .with(header::OFFSET, offset.to_owned())
        .with(header::SOURCE_TIMESTAMP, at.as_millis().to_string())
        .with(header::TIMESTAMP, at.to_string())
}
