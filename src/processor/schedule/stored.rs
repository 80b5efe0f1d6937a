//! The encoding of a record that waits.

use serde::{Deserialize, Serialize};

use super::state::Scheduled;
use crate::codec::{Error, Versioned, binary};
use crate::model::Timestamp;

/// Version 1 of the stored form. A change needs a version 2 beside it.
#[derive(Serialize, Deserialize)]
struct ScheduledV1 {
    requested_at: Timestamp,
    due: Timestamp,
}

impl Versioned for Scheduled {
    const VERSION: u16 = 1;
    const NAME: &'static str = "schedule";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let Self { requested_at, due } = *self;
        binary::encode(&ScheduledV1 { requested_at, due }, out)
    }

    fn decode(version: u16, bytes: &[u8]) -> Result<Self, Error> {
        if version != 1 {
            return Err(Error::Corrupt(format!("unknown version {version} of a scheduled record")));
        }
        let ScheduledV1 { requested_at, due } = binary::decode(bytes)?;
        Ok(Self { requested_at, due })
    }
}
