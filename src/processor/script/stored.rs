//! The encoding of a thread. Its inputs are parts of its entry.

use serde::{Deserialize, Serialize};

use super::engine::Answered;
use super::thread::Thread;
use crate::codec::{Error, Part, Versioned, binary};
use crate::model::Timestamp;
use crate::processor::flow::Digest;

/// Version 1 of the stored form, beside the parts. A change needs a version 2 beside it.
#[derive(Serialize, Deserialize)]
struct ThreadV1 {
    engine: u16,
    code: Digest,
    begun: Timestamp,
    chain: [u8; 16],
    refs: Vec<String>,
    versions: Answered,
}

impl Versioned for Thread {
    const VERSION: u16 = 1;
    const NAME: &'static str = "script";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let Self { engine, code, begun, chain, ref refs, ref versions, journal: _ } = *self;
        let (refs, versions) = (refs.clone(), versions.clone());
        binary::encode(&ThreadV1 { engine, code, begun, chain, refs, versions }, out)
    }

    fn decode(version: u16, bytes: &[u8]) -> Result<Self, Error> {
        if version != 1 {
            return Err(Error::Corrupt(format!("unknown version {version} of a thread")));
        }
        let ThreadV1 { engine, code, begun, chain, refs, versions } = binary::decode(bytes)?;
        Ok(Self { engine, code, begun, chain, refs, versions, journal: Vec::new() })
    }

    fn with_parts(self, parts: Vec<Part>) -> Result<Self, Error> {
        Ok(Self { journal: parts.into_iter().map(|part| part.bytes).collect(), ..self })
    }
}
