//! The verdict on a member event, against the members that are already there.

use std::sync::Arc;

use super::{CHILDREN_MAX, Gathering, Member, Role};

/// A member event that was read and checked.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) role: Role,
    /// How many children a parent says there are.
    pub(super) expects: Option<u32>,
    /// Which child a child says it is, as it says it.
    pub(super) position: Option<i64>,
    /// The member; its place is the position, when there can be such a place at all.
    pub(super) member: Arc<Member>,
}

/// What a member event is to a bundle that has not ended.
#[derive(Debug)]
pub(super) enum Verdict {
    /// A member that was waited for.
    Fits,
    /// A member that is there, with the same content.
    Duplicate,
    /// Other content under the id, or at the place, of a member that is there: the first is kept.
    Conflict(Arc<Member>),
    /// A child that there is no place for; the words say why.
    Unexpected(String),
}

impl Gathering {
    /// Judges a member event. `certain` is how many children there are when that does not hang on the parent.
    pub(super) fn judge(&self, arrival: &Arrival, certain: Option<u32>) -> Verdict {
        match arrival.role {
            Role::Parent => match self.parent() {
                None => Verdict::Fits,
                Some(parent) => compare(parent, &arrival.member),
            },
            Role::Child => self.judge_child(arrival, self.wanted.or(certain)),
        }
    }

    fn judge_child(&self, arrival: &Arrival, wanted: Option<u32>) -> Verdict {
        let child = &arrival.member;
        if let Some(twin) = self.child(&child.id) {
            return compare(twin, child);
        }
        let limit = wanted.unwrap_or(CHILDREN_MAX);
        if let Some(position) = arrival.position
            && child.place.is_none_or(|place| place > limit)
        {
            return Verdict::Unexpected(format!("its position {position} is not from 1 to {limit}"));
        }
        if let Some(place) = child.place
            && let Some(holder) = self.child_at(place)
        {
            return Verdict::Conflict(Arc::clone(holder));
        }
        if self.count() >= limit {
            return Verdict::Unexpected(too_many(limit));
        }
        Verdict::Fits
    }
}

/// Why a child is unexpected when all places are taken.
pub(super) fn too_many(wanted: u32) -> String {
    format!("there is room for {wanted} and no more")
}

fn compare(first: &Arc<Member>, second: &Member) -> Verdict {
    if first.id == second.id && first.content == second.content {
        Verdict::Duplicate
    } else {
        Verdict::Conflict(Arc::clone(first))
    }
}
