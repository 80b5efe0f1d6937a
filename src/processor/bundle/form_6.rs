//! Version 6 of a bundle's state: with what operators have done to it, and whether its opening is forwarded.
//!
//! An ended bundle that may be reopened has its members, in the entry or in parts.

use serde::{Deserialize, Serialize};

use super::form::{GatheringV1, PartedV2, bytes_of, fingerprints_of};
use super::form_4::{MemberV4, TimingV4, Updated};
use super::form_5::TimelineV5;
use super::{Ending, Fingerprint, Gathering, Marker, State, Story, Timeline, Timing};
use crate::codec::Error;
use crate::model::Timestamp;

/// The entry of a bundle, with its members or without.
#[derive(Serialize, Deserialize)]
pub(super) enum StateV6<M = MemberV4> {
    Open(GatheringV6<M>, TimelineV5, IsOpened),
    Breached(GatheringV6<M>, TimelineV5, IsOpened),
    Closed(MarkerV6<M>),
}

/// True if the opening is forwarded.
type IsOpened = bool;

#[derive(Serialize, Deserialize)]
pub(super) enum GatheringV6<M = MemberV4> {
    Whole(GatheringV1<M>, TimingV6),
    InParts(PartedV2, TimingV6),
}

#[derive(Serialize, Deserialize)]
pub(super) struct TimingV6 {
    timing: TimingV4,
    extended: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct MarkerV6<M = MemberV4> {
    ending: EndingV6,
    seen: Vec<([u8; 16], [u8; 16])>,
    missing: Vec<String>,
    reported: Vec<[u8; 16]>,
    timeline: TimelineV5,
    kept: Option<GatheringV6<M>>,
}

#[derive(Serialize, Deserialize)]
enum EndingV6 {
    Completed,
    Expired,
    Forced,
    Cancelled,
}

impl<'a> From<&'a State> for StateV6<Updated<'a>> {
    fn from(state: &'a State) -> Self {
        let of = |gathering: &Gathering| (TimelineV5::of(&gathering.story), gathering.story.is_opened);
        match state {
            State::Open(gathering) => {
                let (timeline, is_opened) = of(gathering);
                Self::Open(gathering.into(), timeline, is_opened)
            }
            State::Breached(gathering) => {
                let (timeline, is_opened) = of(gathering);
                Self::Breached(gathering.into(), timeline, is_opened)
            }
            State::Closed(marker) => Self::Closed(MarkerV6 {
                ending: marker.ending.into(),
                seen: marker.seen.iter().map(|(name, content)| (name.0, content.0)).collect(),
                missing: marker.missing.clone(),
                reported: bytes_of(&marker.story.reported),
                timeline: TimelineV5::of(&marker.story),
                kept: marker.kept.as_deref().map(Into::into),
            }),
        }
    }
}

impl TryFrom<StateV6> for State {
    type Error = Error;

    fn try_from(state: StateV6) -> Result<Self, Error> {
        let with = |gathering: GatheringV6, timeline: TimelineV5, is_opened: bool| {
            let mut gathering = Gathering::from(gathering);
            // No timeline is stored as an empty one.
            let timeline: Timeline = timeline.try_into()?;
            gathering.story.timeline = (timeline != Timeline::default()).then(|| Box::new(timeline));
            gathering.story.is_opened = is_opened;
            Ok::<_, Error>(gathering)
        };
        match state {
            StateV6::Open(gathering, timeline, is_opened) => with(gathering, timeline, is_opened).map(Self::Open),
            StateV6::Breached(gathering, timeline, is_opened) => {
                with(gathering, timeline, is_opened).map(Self::Breached)
            }
            StateV6::Closed(MarkerV6 { ending, seen, missing, reported, timeline, kept }) => {
                let seen = seen.into_iter().map(|(name, content)| (Fingerprint(name), Fingerprint(content)));
                let timeline = Some(Box::new(timeline.try_into()?));
                Ok(Self::Closed(Marker {
                    ending: ending.into(),
                    seen: seen.collect(),
                    missing,
                    story: Story { reported: fingerprints_of(reported), timeline, is_opened: false },
                    kept: kept.map(|kept| Box::new(kept.into())),
                }))
            }
        }
    }
}

impl<'a> From<&'a Gathering> for GatheringV6<Updated<'a>> {
    fn from(gathering: &'a Gathering) -> Self {
        let timing = TimingV6 { timing: gathering.timing.into(), extended: gathering.timing.extended };
        if gathering.is_in_parts() {
            Self::InParts(gathering.into(), timing)
        } else {
            Self::Whole(gathering.into(), timing)
        }
    }
}

impl From<GatheringV6> for Gathering {
    fn from(gathering: GatheringV6) -> Self {
        let (mut gathering, TimingV6 { timing, extended }): (Self, _) = match gathering {
            GatheringV6::Whole(gathering, timing) => (gathering.into(), timing),
            GatheringV6::InParts(parted, timing) => (parted.into(), timing),
        };
        gathering.timing = Timing { extended, ..timing.into() };
        gathering
    }
}

impl From<Ending> for EndingV6 {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Completed => Self::Completed,
            Ending::Expired => Self::Expired,
            Ending::Forced => Self::Forced,
            Ending::Cancelled => Self::Cancelled,
        }
    }
}

impl From<EndingV6> for Ending {
    fn from(ending: EndingV6) -> Self {
        match ending {
            EndingV6::Completed => Self::Completed,
            EndingV6::Expired => Self::Expired,
            EndingV6::Forced => Self::Forced,
            EndingV6::Cancelled => Self::Cancelled,
        }
    }
}
