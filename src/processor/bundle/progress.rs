//! The progress of a bundle as records, for a delivery that shows it while it is incomplete: its opening, and a signal for each
//! member.
//!
//! The opening is forwarded once. It names all signals of the bundle, so their number must be known at the first event: the rules
//! have a fixed one. The signals are `parent-<id>` and `child-<n>-<id>`, where n is the place of the child among the children of
//! the submission. A child that states no position, among others that may, has a place only when the bundle is complete; where no
//! child states one, the children are counted in the order of their arrival. So a bundle has all its signals when it is complete,
//! and not before.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;

use super::submission::{Subject, headers};
use super::{Bundle, Gathering, Member, Role};
use crate::model::{Key, Timestamp};
use crate::processor::{Effect, Forward};

/// The name of the output of openings: JSON `{"bundle_id", "events"}`, the names of all signals.
pub const OPENINGS: &str = "openings";
/// The name of the output of signals: JSON `{"bundle_id", "event"}`, keyed by the name of the signal.
pub const SIGNALS: &str = "signals";

/// The `CloudEvents` type of openings.
pub const OPENED_TYPE: &str = "sheaf.bundle.opened.v1";
/// The `CloudEvents` type of signals.
const SIGNAL_TYPE: &str = "sheaf.bundle.signal.v1";

/// A member's place among the signals.
#[derive(Clone, Copy)]
enum Place {
    Parent,
    /// The number of a child, from 1.
    Child(u32),
}

impl Place {
    fn signal(self, key: &Key) -> String {
        match self {
            Self::Parent => format!("parent-{key}"),
            Self::Child(number) => format!("child-{number}-{key}"),
        }
    }
}

impl Bundle {
    /// The records after a change of the members: the opening if there was none, and the signal of `added`; those of all members
    /// if others were replaced, or had come before there were signals.
    pub(super) fn progress(&self, key: &Key, gathering: &mut Gathering, added: Option<(Role, &Member)>) -> Vec<Effect> {
        if !self.rules.progress {
            return Vec::new();
        }
        let was_opened = std::mem::replace(&mut gathering.story.is_opened, true);
        let at = gathering.first_at().unwrap_or(Timestamp::MIN);
        let mut effects = if was_opened { Vec::new() } else { vec![self.opening(key, at)] };
        let places: Vec<(Place, Timestamp)> = match added {
            Some((role, member)) if was_opened => {
                let arrived = gathering.count_of(member.name.as_deref());
                self.place(role, member, arrived).map(|place| (place, member.at)).into_iter().collect()
            }
            Some(_) | None => self.places(gathering),
        };
        effects.extend(places.into_iter().map(|(place, at)| self.signal(key, place, at)));
        effects
    }

    /// The signals of a complete bundle's children that had no place before.
    pub(super) fn last_progress(&self, key: &Key, gathering: &Gathering) -> Vec<Effect> {
        if !self.rules.progress {
            return Vec::new();
        }
        let in_order = (1..).zip(gathering.in_order(&self.rules.members));
        let unplaced = in_order.filter(|(_, child)| child.position.is_none() && self.may_state(child.name.as_deref()));
        unplaced.map(|(number, child)| self.signal(key, Place::Child(number), child.at)).collect()
    }

    /// The places of all members that have one.
    fn places(&self, gathering: &Gathering) -> Vec<(Place, Timestamp)> {
        let mut arrived: std::collections::BTreeMap<Option<&str>, u32> = std::collections::BTreeMap::new();
        let placed = gathering.members().filter_map(|(role, member)| {
            let number = arrived.entry(member.name.as_deref()).or_default();
            *number += u32::from(role == Role::Child);
            Some((self.place(role, member, *number)?, member.at))
        });
        placed.collect()
    }

    /// The place of a member that is the n-th of its name to arrive; `None` if it has one only when the bundle is complete.
    fn place(&self, role: Role, member: &Member, arrived: u32) -> Option<Place> {
        let name = member.name.as_deref();
        let in_name = match (role, member.position) {
            (Role::Parent, _) => return Some(Place::Parent),
            (Role::Child, Some(position)) => position,
            (Role::Child, None) if self.may_state(name) => return None,
            (Role::Child, None) => arrived,
        };
        let names = self.rules.members.iter().take_while(|named| Some(&*named.name) != name);
        Some(Place::Child(names.map(|named| named.count).sum::<u32>().saturating_add(in_name)))
    }

    /// True if children of this name may state a position.
    fn may_state(&self, name: Option<&str>) -> bool {
        let of_name = |source: &&super::SourceRules| source.member == Role::Child && source.name.as_deref() == name;
        self.rules.sources.iter().filter(of_name).any(|source| source.position.is_some())
    }

    fn opening(&self, key: &Key, at: Timestamp) -> Effect {
        let parent = self.has_parent.then_some(Place::Parent);
        let all = parent.into_iter().chain((1..=self.rules.children()).map(Place::Child));
        let events: Vec<String> = all.map(|place| place.signal(key)).collect();
        let value = json!({ "bundle_id": key.text(), "events": events }).to_string();
        let headers = headers(key, &self.source, Subject { kind: OPENED_TYPE, id: &[b"opening"], at });
        let output = Arc::from(OPENINGS);
        Effect::Forward(Forward { output, key: None, value: Some(Bytes::from(value)), headers, timestamp: None })
    }

    fn signal(&self, key: &Key, place: Place, at: Timestamp) -> Effect {
        let event = place.signal(key);
        let value = json!({ "bundle_id": key.text(), "event": event }).to_string();
        let headers = headers(key, &self.source, Subject { kind: SIGNAL_TYPE, id: &[event.as_bytes()], at });
        let (output, key) = (Arc::from(SIGNALS), Some(Key::new(&event)));
        Effect::Forward(Forward { output, key, value: Some(Bytes::from(value)), headers, timestamp: None })
    }
}
