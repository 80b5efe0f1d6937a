//! The bundle's state as bytes, one frozen form per version.
//!
//! A form is never changed once a release has written it: a new version gets a new file of types and a step from the old
//! one. Variants are only ever appended (see [`binary`]).

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Ending, Fingerprint, Gathering, Marker, Member, Origin, State};
use crate::codec::{Error, Versioned, binary};
use crate::model::Timestamp;

impl Versioned for State {
    const VERSION: u16 = 1;
    const NAME: &'static str = "bundle";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        binary::encode(&StateV1::from(self), out)
    }

    fn decode(version: u16, bytes: &[u8]) -> Result<Self, Error> {
        match version {
            1 => binary::decode::<StateV1>(bytes).map(Self::from),
            other => Err(Error::Corrupt(format!("a bundle has no version {other}"))),
        }
    }
}

#[derive(Serialize, Deserialize)]
enum StateV1 {
    Open(GatheringV1),
    Breached(GatheringV1),
    Closed(MarkerV1),
}

#[derive(Serialize, Deserialize)]
struct GatheringV1 {
    parent: Option<MemberV1>,
    children: Vec<MemberV1>,
    wanted: Option<u32>,
    reported: Vec<[u8; 16]>,
}

#[derive(Serialize, Deserialize)]
struct MemberV1 {
    id: String,
    at: Timestamp,
    place: Option<u32>,
    content: Bytes,
    topic: Arc<str>,
    partition: i32,
    offset: i64,
}

#[derive(Serialize, Deserialize)]
struct MarkerV1 {
    ending: EndingV1,
    seen: Vec<([u8; 16], [u8; 16])>,
    reported: Vec<[u8; 16]>,
}

#[derive(Serialize, Deserialize)]
enum EndingV1 {
    Completed,
}

impl From<&State> for StateV1 {
    fn from(state: &State) -> Self {
        match state {
            State::Open(gathering) => Self::Open(gathering.into()),
            State::Breached(gathering) => Self::Breached(gathering.into()),
            State::Closed(marker) => Self::Closed(marker.into()),
        }
    }
}

impl From<StateV1> for State {
    fn from(state: StateV1) -> Self {
        match state {
            StateV1::Open(gathering) => Self::Open(gathering.into()),
            StateV1::Breached(gathering) => Self::Breached(gathering.into()),
            StateV1::Closed(marker) => Self::Closed(marker.into()),
        }
    }
}

impl From<&Gathering> for GatheringV1 {
    fn from(gathering: &Gathering) -> Self {
        Self {
            parent: gathering.parent.as_deref().map(MemberV1::from),
            children: gathering.children.iter().map(|child| MemberV1::from(&**child)).collect(),
            wanted: gathering.wanted,
            reported: bytes_of(&gathering.reported),
        }
    }
}

impl From<GatheringV1> for Gathering {
    fn from(gathering: GatheringV1) -> Self {
        Self {
            parent: gathering.parent.map(|parent| Arc::new(parent.into())),
            children: gathering.children.into_iter().map(|child| Arc::new(child.into())).collect(),
            wanted: gathering.wanted,
            reported: fingerprints_of(gathering.reported),
        }
    }
}

impl From<&Member> for MemberV1 {
    fn from(member: &Member) -> Self {
        Self {
            id: member.id.clone(),
            at: member.at,
            place: member.place,
            content: member.content.clone(),
            topic: Arc::clone(&member.origin.topic),
            partition: member.origin.partition,
            offset: member.origin.offset,
        }
    }
}

impl From<MemberV1> for Member {
    fn from(member: MemberV1) -> Self {
        let MemberV1 { id, at, place, content, topic, partition, offset } = member;
        Self { id, at, place, content, origin: Origin { topic, partition, offset } }
    }
}

impl From<&Marker> for MarkerV1 {
    fn from(marker: &Marker) -> Self {
        let ending = match marker.ending {
            Ending::Completed => EndingV1::Completed,
        };
        let seen = marker.seen.iter().map(|(name, content)| (name.0, content.0)).collect();
        Self { ending, seen, reported: bytes_of(&marker.reported) }
    }
}

impl From<MarkerV1> for Marker {
    fn from(marker: MarkerV1) -> Self {
        let ending = match marker.ending {
            EndingV1::Completed => Ending::Completed,
        };
        let seen = marker.seen.into_iter().map(|(name, content)| (Fingerprint(name), Fingerprint(content))).collect();
        Self { ending, seen, reported: fingerprints_of(marker.reported) }
    }
}

fn bytes_of(fingerprints: &[Fingerprint]) -> Vec<[u8; 16]> {
    fingerprints.iter().map(|fingerprint| fingerprint.0).collect()
}

fn fingerprints_of(bytes: Vec<[u8; 16]>) -> Vec<Fingerprint> {
    bytes.into_iter().map(Fingerprint).collect()
}
