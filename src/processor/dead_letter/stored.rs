//! The encoding of a letter. Its record is in the entry while it is small, else in a part.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::letter::{Content, Disposition, Lacking, Letter, Origin};
use crate::codec::{Error, Part, Versioned, binary};
use crate::model::{Reject, RejectReason, Timestamp};

/// The size of a record in bytes above which it is in a part.
const ENTRY_SIZE: usize = 4 << 10;

/// Version 1 of the stored form. A change needs a version 2 beside it.
#[derive(Serialize, Deserialize)]
struct LetterV1 {
    disposition: Disposition,
    reason: String,
    message: String,
    stage: String,
    processor: Option<String>,
    rounds: u32,
    rejected_at: Timestamp,
    origin: Origin,
    content: ContentV1,
    lacking: Lacking,
}

#[derive(Serialize, Deserialize)]
enum ContentV1 {
    Here(Content),
    InPart,
    Gone,
}

impl Versioned for Letter {
    const VERSION: u16 = 1;
    const NAME: &'static str = "dead-letter";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let content = match &self.content {
            _ if self.in_parts => ContentV1::InPart,
            Some(content) => ContentV1::Here(content.clone()),
            None => ContentV1::Gone,
        };
        let Self { disposition, rounds, rejected_at, lacking, .. } = *self;
        let (reason, message, stage) = (self.reason.clone(), self.message.clone(), self.stage.clone());
        let (processor, origin) = (self.processor.clone(), self.origin.clone());
        let stored =
            LetterV1 { disposition, reason, message, stage, processor, rounds, rejected_at, origin, content, lacking };
        binary::encode(&stored, out)
    }

    fn decode(version: u16, bytes: &[u8]) -> Result<Self, Error> {
        if version != 1 {
            return Err(Error::Corrupt(format!("unknown version {version} of a dead letter")));
        }
        let LetterV1 { disposition, reason, message, stage, processor, rounds, rejected_at, origin, content, lacking } =
            binary::decode(bytes)?;
        let (content, in_parts) = match content {
            ContentV1::Here(content) => (Some(content), false),
            ContentV1::InPart => (None, true),
            ContentV1::Gone => (None, false),
        };
        Ok(Self {
            disposition,
            reason,
            message,
            stage,
            processor,
            rounds,
            rejected_at,
            origin,
            content,
            in_parts,
            lacking,
        })
    }

    fn with_parts(self, parts: Vec<Part>) -> Result<Self, Error> {
        let [part] = parts.as_slice() else {
            return Err(Error::Corrupt(format!("a dead letter has {} parts", parts.len())));
        };
        Ok(Self { content: Some(binary::decode(&part.bytes)?), ..self })
    }
}

impl Content {
    /// True if it is stored in a part.
    pub(super) fn is_large(&self) -> bool {
        let length = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + length(value)).sum();
        length(&self.key) + length(&self.value) + headers > ENTRY_SIZE
    }
}

/// The part of a letter, if it has one.
pub(super) fn part(letter: &Letter) -> Result<Option<Bytes>, Reject> {
    let Some(content) = letter.content.as_ref().filter(|_| letter.in_parts) else { return Ok(None) };
    let mut bytes = Vec::new();
    let unreadable = |error: Error| Reject::new(RejectReason::Unreadable, error.to_string());
    binary::encode(content, &mut bytes).map_err(unreadable)?;
    Ok(Some(Bytes::from(bytes)))
}
