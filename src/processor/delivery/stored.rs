//! The encoding of a journal, and frozen copies of versions 1 and 2 with their conversions.

use serde::Deserialize;

use super::journal::{Content, Deliverable, End, Journal, Open, Proof};
use crate::codec::{self, Versioned, binary};
use crate::model::Timestamp;

impl Versioned for Journal {
    const VERSION: u16 = 4;
    const NAME: &'static str = "delivery";

    /// Version 4 is version 3 with held deliveries.
    fn version(&self) -> u16 {
        if matches!(self, Self::Held(_)) { 4 } else { 3 }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        binary::encode(self, out)
    }

    fn decode(version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
        match version {
            1 => binary::decode::<JournalV1>(bytes).map(Self::from),
            2 => binary::decode::<JournalV2>(bytes).map(Self::from),
            _ => binary::decode(bytes),
        }
    }
}

#[derive(Deserialize)]
enum JournalV1 {
    Submitting(OpenV1),
    Waiting(OpenV1),
    Unsure(OpenV1),
    LookingUp(OpenV1),
    Submitted(EndV1),
    Failed(EndV1),
    Unknown(EndV1),
}

#[derive(Deserialize)]
struct OpenV1 {
    name: String,
    content: String,
    revision: String,
    origin: String,
    attempts: u32,
    call: u32,
    submit: u32,
    intended_at: Timestamp,
    doubtful_since: Option<Timestamp>,
    lookup_failures: u32,
}

#[derive(Deserialize)]
struct EndV1 {
    name: String,
    revision: String,
    origin: String,
    attempts: u32,
    at: Timestamp,
    proof: Option<ProofV1>,
    detail: Option<String>,
}

#[derive(Deserialize)]
enum ProofV1 {
    Accepted(String),
    Found(String),
}

impl From<JournalV1> for Journal {
    fn from(journal: JournalV1) -> Self {
        match journal {
            JournalV1::Submitting(open) => Self::Submitting(open.into()),
            JournalV1::Waiting(open) => Self::Waiting(open.into()),
            JournalV1::Unsure(open) => Self::Unsure(open.into()),
            JournalV1::LookingUp(open) => Self::LookingUp(open.into()),
            JournalV1::Submitted(end) => Self::Submitted(end.into()),
            JournalV1::Failed(end) => Self::Failed(end.into()),
            JournalV1::Unknown(end) => Self::Unknown(end.into()),
        }
    }
}

impl From<OpenV1> for Open {
    /// The first intent was not stored: the time until the delivery gives up starts at the latest one.
    fn from(open: OpenV1) -> Self {
        Self {
            deliverable: Deliverable { name: open.name, content: open.content, revision: open.revision },
            origin: open.origin,
            attempts: open.attempts,
            since: open.intended_at,
            commands: 0,
            call: open.call,
            submit: open.submit,
            intended_at: open.intended_at,
            doubtful_since: open.doubtful_since,
            lookup_failures: open.lookup_failures,
            last_answer: None,
        }
    }
}

impl From<EndV1> for End {
    /// The content was not stored.
    fn from(end: EndV1) -> Self {
        Self {
            name: end.name,
            revision: end.revision,
            origin: end.origin,
            attempts: end.attempts,
            at: end.at,
            content: None,
            call: 0,
            commands: 0,
            proof: end.proof.map(Proof::from),
            detail: end.detail,
        }
    }
}

#[derive(Deserialize)]
enum JournalV2 {
    Submitting(OpenV2),
    Waiting(OpenV2),
    Unsure(OpenV2),
    LookingUp(OpenV2),
    Submitted(EndV2),
    Failed(EndV2),
    Unknown(EndV2),
}

#[derive(Deserialize)]
struct OpenV2 {
    name: String,
    content: String,
    revision: String,
    origin: String,
    attempts: u32,
    since: Timestamp,
    commands: u32,
    call: u32,
    submit: u32,
    intended_at: Timestamp,
    doubtful_since: Option<Timestamp>,
    lookup_failures: u32,
}

#[derive(Deserialize)]
struct EndV2 {
    name: String,
    revision: String,
    origin: String,
    attempts: u32,
    at: Timestamp,
    content: Option<ContentV2>,
    call: u32,
    commands: u32,
    proof: Option<ProofV1>,
    detail: Option<String>,
}

#[derive(Deserialize)]
enum ContentV2 {
    Made(String),
    Submission(String),
}

impl From<JournalV2> for Journal {
    fn from(journal: JournalV2) -> Self {
        match journal {
            JournalV2::Submitting(open) => Self::Submitting(open.into()),
            JournalV2::Waiting(open) => Self::Waiting(open.into()),
            JournalV2::Unsure(open) => Self::Unsure(open.into()),
            JournalV2::LookingUp(open) => Self::LookingUp(open.into()),
            JournalV2::Submitted(end) => Self::Submitted(end.into()),
            JournalV2::Failed(end) => Self::Failed(end.into()),
            JournalV2::Unknown(end) => Self::Unknown(end.into()),
        }
    }
}

impl From<OpenV2> for Open {
    /// The answers were not stored.
    fn from(open: OpenV2) -> Self {
        Self {
            deliverable: Deliverable { name: open.name, content: open.content, revision: open.revision },
            origin: open.origin,
            attempts: open.attempts,
            since: open.since,
            commands: open.commands,
            call: open.call,
            submit: open.submit,
            intended_at: open.intended_at,
            doubtful_since: open.doubtful_since,
            lookup_failures: open.lookup_failures,
            last_answer: None,
        }
    }
}

impl From<EndV2> for End {
    fn from(end: EndV2) -> Self {
        let content = end.content.map(|content| match content {
            ContentV2::Made(text) => Content::Made(text),
            ContentV2::Submission(text) => Content::Submission(text),
        });
        Self {
            name: end.name,
            revision: end.revision,
            origin: end.origin,
            attempts: end.attempts,
            at: end.at,
            content,
            call: end.call,
            commands: end.commands,
            proof: end.proof.map(Proof::from),
            detail: end.detail,
        }
    }
}

impl From<ProofV1> for Proof {
    fn from(proof: ProofV1) -> Self {
        match proof {
            ProofV1::Accepted(id) => Self::Accepted(id),
            ProofV1::Found(id) => Self::Found(id),
        }
    }
}
