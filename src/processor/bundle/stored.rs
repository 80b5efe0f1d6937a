//! The encoding of a bundle's state, in the oldest version that can express it.

use std::sync::Arc;

use bytes::Bytes;

use super::form::{PartV2, PartV3, RoleV2, StateV1, StateV2, StateV3};
use super::form_4::{PartV4, StateV4, Updated};
use super::form_5::StateV5;
use super::{Ending, Gathering, Member, Role, State, Timeline};
use crate::codec::{Error, Part, Versioned, binary};

impl Versioned for State {
    const VERSION: u16 = 6;
    const NAME: &'static str = "bundle";

    /// Version 2 is used for bundles in parts, version 3 for bundles whose children have names, version 4 for bundles with a
    /// [`Timing`](super::Timing) or replaced contents, version 5 for bundles with a timeline: those that have ended, and those with
    /// deviations or passed deadlines. Version 6 has the bytes of version 5, and says that the opening of an incomplete bundle is
    /// forwarded. All parts are of version 4.
    fn version(&self) -> u16 {
        match self {
            Self::Open(gathering) | Self::Breached(gathering) if gathering.story.is_opened => 6,
            Self::Open(gathering) | Self::Breached(gathering) if gathering.story.timeline.is_some() => 5,
            Self::Closed(marker) if marker.story.timeline.is_some() => 5,
            Self::Open(gathering) | Self::Breached(gathering) if gathering.has_history() => 4,
            Self::Closed(marker) if marker.ending != Ending::Completed => 4,
            Self::Open(gathering) | Self::Breached(gathering) if gathering.has_names() => 3,
            Self::Open(gathering) | Self::Breached(gathering) if gathering.is_in_parts() => 2,
            Self::Open(_) | Self::Breached(_) | Self::Closed(_) => 1,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        match self.version() {
            5 | 6 => return binary::encode(&StateV5::from(self), out),
            4 => return binary::encode(&StateV4::from(self), out),
            _ => {}
        }
        match self {
            Self::Open(gathering) | Self::Breached(gathering) if gathering.has_names() => {
                binary::encode(&StateV3::from((self, gathering)), out)
            }
            Self::Open(gathering) if gathering.is_in_parts() => binary::encode(&StateV2::Open(gathering.into()), out),
            Self::Breached(gathering) if gathering.is_in_parts() => {
                binary::encode(&StateV2::Breached(gathering.into()), out)
            }
            Self::Open(_) | Self::Breached(_) | Self::Closed(_) => binary::encode(&StateV1::from(self), out),
        }
    }

    fn decode(version: u16, bytes: &[u8]) -> Result<Self, Error> {
        match version {
            1 => binary::decode::<StateV1>(bytes).map(Self::from),
            2 => binary::decode::<StateV2>(bytes).map(Self::from),
            3 => binary::decode::<StateV3>(bytes).map(Self::from),
            4 => binary::decode::<StateV4>(bytes).map(Self::from),
            5 => binary::decode::<StateV5>(bytes).and_then(Self::try_from),
            6 => binary::decode::<StateV5>(bytes).and_then(Self::try_from).map(opened),
            other => Err(Error::Corrupt(format!("unknown version {other} of a bundle"))),
        }
    }

    fn with_parts(self, parts: Vec<Part>) -> Result<Self, Error> {
        let with_members = |gathering: Gathering| {
            let (mut parent, mut children) = (None, Vec::with_capacity(parts.len()));
            for part in &parts {
                let (role, member): (RoleV2, Member) = match part.version {
                    ..=2 => binary::decode(&part.bytes).map(|PartV2 { role, member }: PartV2| (role, member.into()))?,
                    3 => binary::decode(&part.bytes).map(|PartV3 { role, member }: PartV3| (role, member.into()))?,
                    _ => binary::decode(&part.bytes).map(|PartV4 { role, member }: PartV4| (role, member.into()))?,
                };
                match role {
                    RoleV2::Parent => parent = Some(Arc::new(member)),
                    RoleV2::Child => children.push(Arc::new(member)),
                }
            }
            let timing = gathering.timing;
            let mut gathering = Gathering::of(parent, children, gathering.expected, gathering.story);
            gathering.set_in_parts();
            gathering.timing = timing;
            Ok(gathering)
        };
        match self {
            Self::Open(gathering) => with_members(gathering).map(Self::Open),
            Self::Breached(gathering) => with_members(gathering).map(Self::Breached),
            Self::Closed(_) => Err(Error::Corrupt("a closed bundle has no parts".to_owned())),
        }
    }
}

/// An incomplete bundle whose opening is forwarded. Version 5 does not tell no timeline from an empty one.
fn opened(mut state: State) -> State {
    if let State::Open(gathering) | State::Breached(gathering) = &mut state {
        gathering.story.is_opened = true;
        gathering.story.timeline = gathering.story.timeline.take().filter(|timeline| **timeline != Timeline::default());
    }
    state
}

/// Encodes a member as a part of its bundle's entry.
pub(super) fn part(role: Role, member: &Member) -> Result<Bytes, Error> {
    let mut bytes = Vec::with_capacity(member.content.len() + PART_OVERHEAD);
    binary::encode(&PartV4 { role: role.into(), member: Updated::from(member) }, &mut bytes)?;
    Ok(Bytes::from(bytes))
}

/// The approximate size of a part without its payload, in bytes.
const PART_OVERHEAD: usize = 128;
