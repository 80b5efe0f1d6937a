//! Hostile inputs from a seed: plausible events, the same damaged, and bytes that are none.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use sheaf::model::{Headers, Key, OutRecord, Timestamp, Topic};
use sheaf::processor::Command;
use sheaf::runtime::command_record;
use uuid::Uuid;

/// Words in place of any value.
const WORDS: [&str; 20] = [
    "null",
    "true",
    "-1",
    "0",
    "3",
    "1e400",
    "-0.0",
    "1.5",
    "99999999999999999999999999",
    "9223372036854775808",
    "\"\"",
    "\" \"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"2026-13-45T99:99\"",
    "\"0001-01-01T00:00:00Z\"",
    "\"9999-12-31T23:59:59Z\"",
    "[]",
    "{}",
    "[[[[{}]]]]",
];

/// Writes hostile inputs; the number is that of the inputs so far.
pub(super) struct Hostile(fastrand::Rng, u32);

impl Hostile {
    pub(super) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed), 0)
    }

    /// The next input, for one of the topics `parents` and `children`.
    pub(super) fn next(&mut self, now: Timestamp) -> OutRecord {
        let is_parent = self.0.u8(..4) == 0;
        let event = self.event(is_parent, now).to_string();
        let value = match self.0.u8(..16) {
            0..=8 => Some(Bytes::from(event)),
            9 => Some(Bytes::from(event.chars().take(self.0.usize(..event.len())).collect::<String>())),
            10 | 11 => Some(self.damaged(event)),
            12 => Some(self.bytes()),
            13 => Some(self.deep()),
            14 => Some(Bytes::from(self.word().to_owned())),
            _ => None,
        };
        let topic = Topic::new(if is_parent { "parents" } else { "children" });
        let mut record = OutRecord::unkeyed(&topic, Bytes::new());
        record.value = value;
        record.key = (self.0.u8(..8) == 0).then(|| Key::from_bytes(self.bytes()));
        record.headers = self.headers();
        record
    }

    /// An operator's command to a bundle of late.
    pub(super) fn command(&mut self, now: Timestamp) -> OutRecord {
        let names = ["cancel", "cancel", "reopen", "complete", "extend", "delete"];
        let name = names[self.0.usize(..names.len())];
        let until = now.saturating_add(Duration::from_mins(30)).to_string();
        let arguments = if name == "extend" { [("until".to_owned(), until)].into() } else { BTreeMap::new() };
        let (id, by, why) = (Uuid::from_u128(self.0.u128(..)), "ann".to_owned(), String::new());
        let command = Command { id, name: name.to_owned(), arguments, by, why, at: now, traceparent: None };
        let number = (self.1 / 4 + 60).saturating_sub(self.0.u32(1..180));
        let key = Key::new(&format!("{number:08x}-0000-4000-8000-000000000000"));
        command_record(&key, &command, &Topic::new("app-bundle-inbox"))
    }

    /// A plausible event of one of the current bundles, which are so few that events complete, repeat and contradict each other.
    fn event(&mut self, is_parent: bool, now: Timestamp) -> Value {
        self.1 += 1;
        let bundle = format!("{:08x}-0000-4000-8000-000000000000", self.1 / 4 + self.0.u32(1..60));
        let ago = i64::from(self.0.u32(..7_200_000)) * i64::from(self.0.u8(..8) == 0);
        let at = Timestamp::from_millis(now.as_millis() - ago).to_string();
        let kind = ["a", "a", "a", "a", "b", "b", "b", "c"][self.0.usize(..8)];
        if is_parent {
            return json!({ "id": bundle, "children": self.0.u32(..5), "at": at, "kind": kind, "data": self.0.u8(..2) });
        }
        let id = format!("{:08x}-0000-4000-9000-{:012x}", self.0.u32(..4) + 1, self.0.u32(..6));
        json!({ "id": id, "parent_id": bundle, "position": self.0.i32(-1..6), "at": at, "kind": kind, "data": self.0.u8(..2) })
    }

    /// An event with one field lost, doubled or of another type, or with some bytes replaced.
    fn damaged(&mut self, event: String) -> Bytes {
        let word = self.word();
        let field = ["id", "children", "parent_id", "position", "at", "kind"][self.0.usize(..6)];
        match self.0.u8(..4) {
            0 => Bytes::from(event.replacen(&format!("\"{field}\":"), "\"other\":", 1)),
            1 => Bytes::from(event.replacen('{', &format!("{{\"{field}\":{word},"), 1)),
            2 => {
                let mut value: Value = serde_json::from_str(&event).unwrap();
                value[field] = serde_json::from_str(word).unwrap_or_default();
                Bytes::from(value.to_string())
            }
            _ => {
                let mut bytes = event.into_bytes();
                let at = self.0.usize(..bytes.len());
                bytes[at] = self.0.u8(..);
                Bytes::from(bytes)
            }
        }
    }

    fn bytes(&mut self) -> Bytes {
        (0..self.0.usize(..40)).map(|_| self.0.u8(..)).collect()
    }

    fn deep(&mut self) -> Bytes {
        let depth = self.0.usize(..3_000);
        let (open, close) = if self.0.bool() { ("[", "]") } else { ("{\"id\":", "}") };
        Bytes::from(format!("{}1{}", open.repeat(depth), close.repeat(depth)))
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.0.usize(..WORDS.len())]
    }

    /// Often none; names of sheaf's own among them.
    fn headers(&mut self) -> Headers {
        let mut headers = Headers::new();
        while self.0.u8(..3) == 0 {
            let name = ["kind", "kind", "sheaf-kind", "sheaf-role", "ce_id", ""][self.0.usize(..6)];
            let value = match self.0.u8(..4) {
                0 => None,
                1 => Some(self.bytes()),
                _ => Some(Bytes::from_static(b"x")),
            };
            headers.push(name.to_owned(), value);
        }
        headers
    }
}
