//! The encoding of a thread. Its inputs are parts of its entry.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::thread::{Entered, Thread};
use crate::codec::{Error, Part, Versioned, binary};
use crate::model::{Reject, RejectReason};
use crate::processor::flow::Digest;

/// Version 1 of the stored form, beside the parts. A change needs a version 2 beside it.
#[derive(Serialize, Deserialize)]
struct ThreadV1 {
    code: Digest,
    chain: [u8; 16],
}

impl Versioned for Thread {
    const VERSION: u16 = 1;
    const NAME: &'static str = "script";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        binary::encode(&ThreadV1 { code: self.code, chain: self.chain }, out)
    }

    fn decode(version: u16, bytes: &[u8]) -> Result<Self, Error> {
        if version != 1 {
            return Err(Error::Corrupt(format!("unknown version {version} of a thread")));
        }
        let ThreadV1 { code, chain } = binary::decode(bytes)?;
        Ok(Self { code, chain, journal: Vec::new() })
    }

    fn with_parts(self, parts: Vec<Part>) -> Result<Self, Error> {
        let journal = parts.iter().map(|part| binary::decode(&part.bytes)).collect::<Result<_, _>>()?;
        Ok(Self { journal, ..self })
    }
}

/// An input as a part of its thread.
pub(super) fn part(entered: &Entered) -> Result<Bytes, Reject> {
    let mut bytes = Vec::with_capacity(entered.text.len() + 32);
    let unreadable = |error: Error| Reject::new(RejectReason::Unreadable, error.to_string());
    binary::encode(entered, &mut bytes).map_err(unreadable)?;
    Ok(Bytes::from(bytes))
}
