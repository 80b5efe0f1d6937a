//! The encoding of a journal, and a frozen copy of version 1 with its conversion.

use serde::Deserialize;

use super::journal::{Deliverable, End, Journal, Open, Proof};
use crate::codec::{self, Versioned, binary};
use crate::model::Timestamp;

impl Versioned for Journal {
    const VERSION: u16 = 2;
    const NAME: &'static str = "delivery";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), codec::Error> {
        binary::encode(self, out)
    }

    fn decode(version: u16, bytes: &[u8]) -> Result<Self, codec::Error> {
        if version == 1 { binary::decode::<JournalV1>(bytes).map(Self::from) } else { binary::decode(bytes) }
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
        }
    }
}

impl From<EndV1> for End {
    /// The content was not stored.
    fn from(end: EndV1) -> Self {
        let proof = end.proof.map(|proof| match proof {
            ProofV1::Accepted(id) => Proof::Accepted(id),
            ProofV1::Found(id) => Proof::Found(id),
        });
        Self {
            name: end.name,
            revision: end.revision,
            origin: end.origin,
            attempts: end.attempts,
            at: end.at,
            content: None,
            call: 0,
            commands: 0,
            proof,
            detail: end.detail,
        }
    }
}
