//! The encoding of a trace. Its records are parts of its entry.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::state::{Beyond, Trace, TracedRecord};
use crate::codec::{Error, Part, Versioned, binary};
use crate::model::{Reject, RejectReason, Timestamp};

/// Version 1 of the stored form, beside the parts. A change needs a version 2 beside it.
#[derive(Serialize, Deserialize)]
struct TraceV1 {
    first_at: Timestamp,
    last_at: Timestamp,
    beyond: Vec<Beyond>,
}

impl Versioned for Trace {
    const VERSION: u16 = 1;
    const NAME: &'static str = "trace";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let Self { first_at, last_at, .. } = *self;
        binary::encode(&TraceV1 { first_at, last_at, beyond: self.beyond.clone() }, out)
    }

    fn decode(version: u16, bytes: &[u8]) -> Result<Self, Error> {
        if version != 1 {
            return Err(Error::Corrupt(format!("unknown version {version} of a trace")));
        }
        let TraceV1 { first_at, last_at, beyond } = binary::decode(bytes)?;
        Ok(Self { first_at, last_at, records: Vec::new(), beyond })
    }

    fn with_parts(self, parts: Vec<Part>) -> Result<Self, Error> {
        let records = parts.iter().map(|part| binary::decode(&part.bytes)).collect::<Result<_, _>>()?;
        Ok(Self { records, ..self })
    }
}

/// A record as a part of its trace.
pub(super) fn part(record: &TracedRecord) -> Result<Bytes, Reject> {
    let mut bytes = Vec::with_capacity(record.value.len() + PART_OVERHEAD);
    let unreadable = |error: Error| Reject::new(RejectReason::Unreadable, error.to_string());
    binary::encode(record, &mut bytes).map_err(unreadable)?;
    Ok(Bytes::from(bytes))
}

/// The approximate size of a part without its value, in bytes.
const PART_OVERHEAD: usize = 128;
