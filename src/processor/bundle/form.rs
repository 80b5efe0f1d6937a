//! The stored forms of a bundle's state, frozen, for each version.
//!
//! A form must not change once a release has written it: a new version gets new types and a conversion from the old ones.
//! Variants are appended only (see [`binary`](crate::codec::binary)).

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Ending, Fingerprint, Gathering, Marker, Member, Origin, Role, State, Story};
use crate::model::Timestamp;

/// The entry of a bundle in parts, without the members.
#[derive(Serialize, Deserialize)]
pub(super) enum StateV2 {
    Open(PartedV2),
    Breached(PartedV2),
}

#[derive(Serialize, Deserialize)]
pub(super) struct PartedV2 {
    pub(super) expected: Option<u32>,
    pub(super) reported: Vec<[u8; 16]>,
}

#[derive(Deserialize)]
pub(super) struct PartV2 {
    pub(super) role: RoleV2,
    pub(super) member: MemberV1,
}

#[derive(Serialize, Deserialize)]
pub(super) struct PartV3<M = MemberV3> {
    pub(super) role: RoleV2,
    pub(super) member: M,
}

/// A member with its name.
#[derive(Serialize, Deserialize)]
pub(super) struct MemberV3<M = MemberV1, N = Arc<str>> {
    pub(super) member: M,
    pub(super) name: Option<N>,
}

pub(super) type Named<'a> = MemberV3<Borrowed<'a>, &'a str>;

/// The entry of a bundle whose children have names, with its members or without.
#[derive(Serialize, Deserialize)]
pub(super) enum StateV3<M = MemberV3> {
    Open(GatheringV1<M>),
    Breached(GatheringV1<M>),
    OpenInParts(PartedV2),
    BreachedInParts(PartedV2),
}

#[derive(Serialize, Deserialize)]
pub(super) enum RoleV2 {
    Parent,
    Child,
}

#[derive(Serialize, Deserialize)]
pub(super) enum StateV1<M = MemberV1> {
    Open(GatheringV1<M>),
    Breached(GatheringV1<M>),
    Closed(MarkerV1),
}

#[derive(Serialize, Deserialize)]
pub(super) struct GatheringV1<M = MemberV1> {
    pub(super) parent: Option<M>,
    pub(super) children: Vec<M>,
    pub(super) expected: Option<u32>,
    pub(super) reported: Vec<[u8; 16]>,
}

/// An owned member as decoded; [`Borrowed`] is the form for encoding.
#[derive(Serialize, Deserialize)]
pub(super) struct MemberV1<I = String, C = Bytes, T = Arc<str>> {
    pub(super) id: I,
    pub(super) at: Timestamp,
    pub(super) position: Option<u32>,
    pub(super) content: C,
    pub(super) topic: T,
    pub(super) partition: i32,
    pub(super) offset: i64,
}

pub(super) type Borrowed<'a> = MemberV1<&'a str, &'a Bytes, &'a str>;

#[derive(Serialize, Deserialize)]
pub(super) struct MarkerV1 {
    pub(super) ending: EndingV1,
    pub(super) seen: Vec<([u8; 16], [u8; 16])>,
    pub(super) reported: Vec<[u8; 16]>,
}

#[derive(Serialize, Deserialize)]
pub(super) enum EndingV1 {
    Completed,
}

impl<'a> From<&'a State> for StateV1<Borrowed<'a>> {
    fn from(state: &'a State) -> Self {
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

impl From<StateV2> for State {
    fn from(state: StateV2) -> Self {
        match state {
            StateV2::Open(parted) => Self::Open(parted.into()),
            StateV2::Breached(parted) => Self::Breached(parted.into()),
        }
    }
}

impl From<&Gathering> for PartedV2 {
    fn from(gathering: &Gathering) -> Self {
        Self { expected: gathering.expected, reported: bytes_of(&gathering.story.reported) }
    }
}

impl From<PartedV2> for Gathering {
    fn from(parted: PartedV2) -> Self {
        let mut gathering =
            Self::of(None, [], parted.expected, Story::without_timeline(fingerprints_of(parted.reported)));
        gathering.set_in_parts();
        gathering
    }
}

impl From<Role> for RoleV2 {
    fn from(role: Role) -> Self {
        match role {
            Role::Parent => Self::Parent,
            Role::Child => Self::Child,
        }
    }
}

impl<'a> From<(&'a State, &'a Gathering)> for StateV3<Named<'a>> {
    fn from((state, gathering): (&'a State, &'a Gathering)) -> Self {
        let is_breached = matches!(state, State::Breached(_));
        match (is_breached, gathering.is_in_parts()) {
            (false, false) => Self::Open(gathering.into()),
            (true, false) => Self::Breached(gathering.into()),
            (false, true) => Self::OpenInParts(gathering.into()),
            (true, true) => Self::BreachedInParts(gathering.into()),
        }
    }
}

impl From<StateV3> for State {
    fn from(state: StateV3) -> Self {
        match state {
            StateV3::Open(gathering) => Self::Open(gathering.into()),
            StateV3::Breached(gathering) => Self::Breached(gathering.into()),
            StateV3::OpenInParts(parted) => Self::Open(parted.into()),
            StateV3::BreachedInParts(parted) => Self::Breached(parted.into()),
        }
    }
}

impl<'a, M: From<&'a Member>> From<&'a Gathering> for GatheringV1<M> {
    fn from(gathering: &'a Gathering) -> Self {
        Self {
            parent: gathering.parent().map(|parent| M::from(&**parent)),
            children: gathering.children_unsorted().map(|child| M::from(&**child)).collect(),
            expected: gathering.expected,
            reported: bytes_of(&gathering.story.reported),
        }
    }
}

impl<M: Into<Member>> From<GatheringV1<M>> for Gathering {
    fn from(gathering: GatheringV1<M>) -> Self {
        let GatheringV1 { parent, children, expected, reported } = gathering;
        let parent = parent.map(|parent| Arc::new(parent.into()));
        let children = children.into_iter().map(|child| Arc::new(child.into()));
        Self::of(parent, children, expected, Story::without_timeline(fingerprints_of(reported)))
    }
}

impl<'a> From<&'a Member> for Borrowed<'a> {
    fn from(member: &'a Member) -> Self {
        Self {
            id: &member.id,
            at: member.at,
            position: member.position,
            content: &member.content,
            topic: &member.origin.topic,
            partition: member.origin.partition,
            offset: member.origin.offset,
        }
    }
}

impl From<MemberV1> for Member {
    fn from(member: MemberV1) -> Self {
        let MemberV1 { id, at, position, content, topic, partition, offset } = member;
        Self { id, name: None, at, position, updated_at: None, content, origin: Origin { topic, partition, offset } }
    }
}

impl<'a> From<&'a Member> for Named<'a> {
    fn from(member: &'a Member) -> Self {
        Self { member: member.into(), name: member.name.as_deref() }
    }
}

impl From<MemberV3> for Member {
    fn from(MemberV3 { member, name }: MemberV3) -> Self {
        Self { name, ..member.into() }
    }
}

impl From<&Marker> for MarkerV1 {
    fn from(marker: &Marker) -> Self {
        // The marker of another ending has version 4.
        let ending = EndingV1::Completed;
        let seen = marker.seen.iter().map(|(name, content)| (name.0, content.0)).collect();
        Self { ending, seen, reported: bytes_of(&marker.story.reported) }
    }
}

impl From<MarkerV1> for Marker {
    fn from(marker: MarkerV1) -> Self {
        let ending = match marker.ending {
            EndingV1::Completed => Ending::Completed,
        };
        let seen = marker.seen.into_iter().map(|(name, content)| (Fingerprint(name), Fingerprint(content))).collect();
        Self {
            ending,
            seen,
            missing: Vec::new(),
            story: Story::without_timeline(fingerprints_of(marker.reported)),
            kept: None,
        }
    }
}

pub(super) fn bytes_of(fingerprints: &[Fingerprint]) -> Vec<[u8; 16]> {
    fingerprints.iter().map(|fingerprint| fingerprint.0).collect()
}

pub(super) fn fingerprints_of(bytes: Vec<[u8; 16]>) -> Vec<Fingerprint> {
    bytes.into_iter().map(Fingerprint).collect()
}
