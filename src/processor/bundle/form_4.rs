//! Version 4 of a bundle's state: with what time has done to it, and how it ended.

use serde::{Deserialize, Serialize};

use super::form::{GatheringV1, MemberV3, Named, PartedV2, RoleV2, bytes_of, fingerprints_of};
use super::{Ending, Fingerprint, Gathering, Marker, Member, State, Story, Timing};
use crate::model::Timestamp;

/// The entry of a bundle, with its members or without.
#[derive(Serialize, Deserialize)]
pub(super) enum StateV4<M = MemberV4> {
    Open(GatheringV1<M>, TimingV4),
    Breached(GatheringV1<M>, TimingV4),
    OpenInParts(PartedV2, TimingV4),
    BreachedInParts(PartedV2, TimingV4),
    Closed(MarkerV4),
}

/// A member with its name, and with the event time of its content if that has replaced another one.
#[derive(Serialize, Deserialize)]
pub(super) struct MemberV4<M = MemberV3> {
    member: M,
    updated_at: Option<Timestamp>,
}

pub(super) type Updated<'a> = MemberV4<Named<'a>>;

#[derive(Serialize, Deserialize)]
pub(super) struct PartV4<M = MemberV4> {
    pub(super) role: RoleV2,
    pub(super) member: M,
}

#[derive(Serialize, Deserialize)]
pub(super) struct TimingV4 {
    warned: bool,
    stated: Option<(Timestamp, Timestamp)>,
    condition_failed: bool,
    completes_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct MarkerV4 {
    ending: EndingV4,
    seen: Vec<([u8; 16], [u8; 16])>,
    reported: Vec<[u8; 16]>,
}

#[derive(Serialize, Deserialize)]
pub(super) enum EndingV4 {
    Completed,
    Expired,
}

impl<'a> From<&'a State> for StateV4<Updated<'a>> {
    fn from(state: &'a State) -> Self {
        match state {
            State::Open(gathering) if gathering.is_in_parts() => {
                Self::OpenInParts(gathering.into(), gathering.timing.into())
            }
            State::Breached(gathering) if gathering.is_in_parts() => {
                Self::BreachedInParts(gathering.into(), gathering.timing.into())
            }
            State::Open(gathering) => Self::Open(gathering.into(), gathering.timing.into()),
            State::Breached(gathering) => Self::Breached(gathering.into(), gathering.timing.into()),
            State::Closed(marker) => Self::Closed(marker.into()),
        }
    }
}

impl From<StateV4> for State {
    fn from(state: StateV4) -> Self {
        let with = |mut gathering: Gathering, timing: TimingV4| {
            gathering.timing = timing.into();
            gathering
        };
        match state {
            StateV4::Open(gathering, timing) => Self::Open(with(gathering.into(), timing)),
            StateV4::Breached(gathering, timing) => Self::Breached(with(gathering.into(), timing)),
            StateV4::OpenInParts(parted, timing) => Self::Open(with(parted.into(), timing)),
            StateV4::BreachedInParts(parted, timing) => Self::Breached(with(parted.into(), timing)),
            StateV4::Closed(marker) => Self::Closed(marker.into()),
        }
    }
}

impl<'a> From<&'a Member> for Updated<'a> {
    fn from(member: &'a Member) -> Self {
        Self { member: member.into(), updated_at: member.updated_at }
    }
}

impl From<MemberV4> for Member {
    fn from(MemberV4 { member, updated_at }: MemberV4) -> Self {
        Self { updated_at, ..member.into() }
    }
}

impl From<Timing> for TimingV4 {
    fn from(Timing { warned, stated, condition_failed, completes_at, .. }: Timing) -> Self {
        Self { warned, stated, condition_failed, completes_at }
    }
}

impl From<TimingV4> for Timing {
    fn from(TimingV4 { warned, stated, condition_failed, completes_at }: TimingV4) -> Self {
        Self { warned, stated, condition_failed, completes_at, extended: None }
    }
}

impl From<&Marker> for MarkerV4 {
    fn from(marker: &Marker) -> Self {
        let seen = marker.seen.iter().map(|(name, content)| (name.0, content.0)).collect();
        Self { ending: marker.ending.into(), seen, reported: bytes_of(&marker.story.reported) }
    }
}

impl From<MarkerV4> for Marker {
    fn from(MarkerV4 { ending, seen, reported }: MarkerV4) -> Self {
        let ending = ending.into();
        let seen = seen.into_iter().map(|(name, content)| (Fingerprint(name), Fingerprint(content))).collect();
        Self {
            ending,
            seen,
            missing: Vec::new(),
            story: Story::without_timeline(fingerprints_of(reported)),
            kept: None,
        }
    }
}

impl From<Ending> for EndingV4 {
    fn from(ending: Ending) -> Self {
        match ending {
            // The marker of an operator's ending has version 6.
            Ending::Completed | Ending::Forced => Self::Completed,
            Ending::Expired | Ending::Cancelled => Self::Expired,
        }
    }
}

impl From<EndingV4> for Ending {
    fn from(ending: EndingV4) -> Self {
        match ending {
            EndingV4::Completed => Self::Completed,
            EndingV4::Expired => Self::Expired,
        }
    }
}
