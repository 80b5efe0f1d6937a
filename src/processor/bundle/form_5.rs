//! Version 5 of a bundle's state: with its timeline, and what was missing when it expired.
//!
//! An event of a timeline takes 22 bytes, of fixed length, so that encoding it is copying it:
//!
//! ```text
//! | code u8 | source u8 | partition i32 LE | offset i64 LE | event time i64 LE |
//! ```
//!
//! A code is never given another meaning. Source, partition and offset are 0 for what is no event.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::form::{GatheringV1, PartedV2, RoleV2, bytes_of, fingerprints_of};
use super::form_4::{EndingV4, MemberV4, TimingV4, Updated};
use super::timeline::{EventSource, TimelineItem, What};
use super::{EventOutcome, Fingerprint, Gathering, Marker, Role, State, Story, Timeline};
use crate::codec::Error;
use crate::model::Timestamp;

/// The length of an event, in bytes.
const ITEM_LEN: usize = 22;

/// The codes of events, in the order of [`OUTCOMES`], then of what is no event.
const OUTCOMES: [EventOutcome; 9] = [
    EventOutcome::Accepted,
    EventOutcome::Duplicate,
    EventOutcome::Conflict,
    EventOutcome::Late,
    EventOutcome::Unexpected,
    EventOutcome::OutOfRange,
    EventOutcome::TooOld,
    EventOutcome::AfterClosing,
    EventOutcome::Ignored,
];
const WARNED: u8 = 64;
const BREACHED: u8 = 65;
const COMPLETED: u8 = 66;
const PARTIAL: u8 = 67;
const EXPIRED: u8 = 68;

/// The entry of a bundle, with its members or without.
#[derive(Serialize, Deserialize)]
pub(super) enum StateV5<M = MemberV4> {
    Open(GatheringV1<M>, TimingV4, TimelineV5),
    Breached(GatheringV1<M>, TimingV4, TimelineV5),
    OpenInParts(PartedV2, TimingV4, TimelineV5),
    BreachedInParts(PartedV2, TimingV4, TimelineV5),
    Closed(MarkerV5),
}

#[derive(Default, Serialize, Deserialize)]
pub(super) struct TimelineV5 {
    sources: Vec<SourceV5>,
    items: bytes::Bytes,
    left_out: u32,
}

#[derive(Serialize, Deserialize)]
struct SourceV5 {
    topic: Arc<str>,
    role: RoleV2,
    name: Option<Arc<str>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct MarkerV5 {
    ending: EndingV4,
    seen: Vec<([u8; 16], [u8; 16])>,
    missing: Vec<String>,
    reported: Vec<[u8; 16]>,
    timeline: TimelineV5,
}

impl<'a> From<&'a State> for StateV5<Updated<'a>> {
    fn from(state: &'a State) -> Self {
        let of = |gathering: &Gathering| (gathering.timing.into(), TimelineV5::of(&gathering.story));
        match state {
            State::Open(gathering) => {
                let (timing, timeline) = of(gathering);
                if gathering.is_in_parts() {
                    Self::OpenInParts(gathering.into(), timing, timeline)
                } else {
                    Self::Open(gathering.into(), timing, timeline)
                }
            }
            State::Breached(gathering) => {
                let (timing, timeline) = of(gathering);
                if gathering.is_in_parts() {
                    Self::BreachedInParts(gathering.into(), timing, timeline)
                } else {
                    Self::Breached(gathering.into(), timing, timeline)
                }
            }
            State::Closed(marker) => Self::Closed(marker.into()),
        }
    }
}

impl TryFrom<StateV5> for State {
    type Error = Error;

    fn try_from(state: StateV5) -> Result<Self, Error> {
        let with = |mut gathering: Gathering, timing: TimingV4, timeline: TimelineV5| {
            gathering.timing = timing.into();
            gathering.story.timeline = Some(Box::new(timeline.try_into()?));
            Ok(gathering)
        };
        match state {
            StateV5::Open(gathering, timing, timeline) => with(gathering.into(), timing, timeline).map(Self::Open),
            StateV5::Breached(gathering, timing, timeline) => {
                with(gathering.into(), timing, timeline).map(Self::Breached)
            }
            StateV5::OpenInParts(parted, timing, timeline) => with(parted.into(), timing, timeline).map(Self::Open),
            StateV5::BreachedInParts(parted, timing, timeline) => {
                with(parted.into(), timing, timeline).map(Self::Breached)
            }
            StateV5::Closed(marker) => marker.try_into().map(Self::Closed),
        }
    }
}

impl From<&Marker> for MarkerV5 {
    fn from(marker: &Marker) -> Self {
        Self {
            ending: marker.ending.into(),
            seen: marker.seen.iter().map(|(name, content)| (name.0, content.0)).collect(),
            missing: marker.missing.clone(),
            reported: bytes_of(&marker.story.reported),
            timeline: TimelineV5::of(&marker.story),
        }
    }
}

impl TryFrom<MarkerV5> for Marker {
    type Error = Error;

    fn try_from(marker: MarkerV5) -> Result<Self, Error> {
        let MarkerV5 { ending, seen, missing, reported, timeline } = marker;
        let seen = seen.into_iter().map(|(name, content)| (Fingerprint(name), Fingerprint(content))).collect();
        let timeline = Some(Box::new(timeline.try_into()?));
        let story = Story { reported: fingerprints_of(reported), timeline, is_opened: false };
        Ok(Self { ending: ending.into(), seen, missing, story })
    }
}

impl TimelineV5 {
    fn of(story: &Story) -> Self {
        let Some(timeline) = &story.timeline else { return Self::default() };
        let mut items = Vec::with_capacity(timeline.items.len() * ITEM_LEN);
        timeline.items.iter().for_each(|item| write(item, &mut items));
        let source = |source: &EventSource| {
            let EventSource { topic, role, name } = source.clone();
            SourceV5 { topic, role: role.into(), name }
        };
        let sources = timeline.sources.iter().map(source).collect();
        Self { sources, items: items.into(), left_out: timeline.left_out }
    }
}

impl TryFrom<TimelineV5> for Timeline {
    type Error = Error;

    fn try_from(timeline: TimelineV5) -> Result<Self, Error> {
        let TimelineV5 { sources, items, left_out } = timeline;
        let source = |SourceV5 { topic, role, name }| {
            let role = match role {
                RoleV2::Parent => Role::Parent,
                RoleV2::Child => Role::Child,
            };
            EventSource { topic, role, name }
        };
        let (items, rest) = items.as_chunks::<ITEM_LEN>();
        if !rest.is_empty() {
            return Err(Error::Corrupt(format!("{} bytes are left of a timeline", rest.len())));
        }
        let items = items.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { sources: sources.into_iter().map(source).collect(), items, left_out })
    }
}

fn write(item: &TimelineItem, out: &mut Vec<u8>) {
    let (code, source, partition, offset) = match item.what {
        What::Event { source, partition, offset, outcome } => (code(outcome), source, partition, offset),
        What::Warned => (WARNED, 0, 0, 0),
        What::Breached => (BREACHED, 0, 0, 0),
        What::Completed => (COMPLETED, 0, 0, 0),
        What::Partial => (PARTIAL, 0, 0, 0),
        What::Expired => (EXPIRED, 0, 0, 0),
    };
    out.extend_from_slice(&[code, source]);
    out.extend_from_slice(&partition.to_le_bytes());
    out.extend_from_slice(&offset.to_le_bytes());
    out.extend_from_slice(&item.at.as_millis().to_le_bytes());
}

fn read(bytes: &[u8; ITEM_LEN]) -> Result<TimelineItem, Error> {
    let [code, source, p0, p1, p2, p3, o0, o1, o2, o3, o4, o5, o6, o7, time @ ..] = *bytes;
    let what = match code {
        WARNED => What::Warned,
        BREACHED => What::Breached,
        COMPLETED => What::Completed,
        PARTIAL => What::Partial,
        EXPIRED => What::Expired,
        code => {
            let Some(outcome) = OUTCOMES.get(usize::from(code)).copied() else {
                return Err(Error::Corrupt(format!("unknown code {code} in a timeline")));
            };
            let partition = i32::from_le_bytes([p0, p1, p2, p3]);
            let offset = i64::from_le_bytes([o0, o1, o2, o3, o4, o5, o6, o7]);
            What::Event { source, partition, offset, outcome }
        }
    };
    Ok(TimelineItem { at: Timestamp::from_millis(i64::from_le_bytes(time)), what })
}

const fn code(outcome: EventOutcome) -> u8 {
    match outcome {
        EventOutcome::Accepted => 0,
        EventOutcome::Duplicate => 1,
        EventOutcome::Conflict => 2,
        EventOutcome::Late => 3,
        EventOutcome::Unexpected => 4,
        EventOutcome::OutOfRange => 5,
        EventOutcome::TooOld => 6,
        EventOutcome::AfterClosing => 7,
        EventOutcome::Ignored => 8,
    }
}
