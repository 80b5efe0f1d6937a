//! Classifies a member event against the members that a bundle has.

use std::sync::Arc;

use super::counting::Counting;
use super::{CHILDREN_MAX, Gathering, Member, Role};
use crate::codec::json::Digester;
use crate::model::Timestamp;

/// A decoded and validated member event.
#[derive(Debug)]
pub(super) struct Arrival<'r> {
    pub(super) role: Role,
    /// The number of children in the event.
    pub(super) expects: Option<u32>,
    /// The deadline in the event.
    pub(super) deadline: Option<Timestamp>,
    /// The position in a child's event, not validated.
    pub(super) stated_position: Option<i64>,
    /// The number of children with the name of this one, if they are counted by name.
    pub(super) limit: Option<u32>,
    /// Hashes the contents of members of its source.
    pub(super) digester: &'r Digester,
    /// The member; its position is the stated one if that is within 1 to [`CHILDREN_MAX`].
    pub(super) member: Arc<Member>,
}

impl Arrival<'_> {
    /// The role, the member, and the hash of its content.
    pub(super) fn content(&self) -> (Role, &Member, u128) {
        (self.role, &self.member, self.digester.digest(&self.member.content))
    }
}

/// The class of a member event for an open bundle.
#[derive(Debug)]
pub(super) enum Class {
    /// A missing member.
    Expected,
    /// A known member with an equal content.
    Duplicate,
    /// Other content with the id or the position of a known member, which is kept.
    Conflict(Arc<Member>),
    /// A surplus child, with the reason as text.
    Unexpected(String),
    /// A child whose position does not exist, with the reason as text.
    OutOfRange(String),
}

impl Gathering {
    /// Classifies a member event.
    pub(super) fn classify(&self, arrival: &Arrival<'_>, counting: Counting) -> Class {
        match arrival.role {
            Role::Parent => match self.parent() {
                None => Class::Expected,
                Some(parent) => compare(parent, arrival),
            },
            Role::Child => self.classify_child(arrival, self.limit(arrival, counting)),
        }
    }

    /// The most children of the name of this one.
    fn limit(&self, arrival: &Arrival<'_>, counting: Counting) -> u32 {
        let expected = match counting {
            Counting::AtLeast(_) => None,
            Counting::Announced => arrival.expects,
            Counting::Stated | Counting::Fixed(_) => self.expected.or(counting.fixed()),
        };
        arrival.limit.or(expected).unwrap_or(CHILDREN_MAX)
    }

    /// True if another content of a child may have its position: it exists, and no other child has it.
    pub(super) fn is_place(&self, arrival: &Arrival<'_>, counting: Counting) -> bool {
        let child = &arrival.member;
        let Some(stated) = arrival.stated_position else { return true };
        let is_other = |other: &Arc<Member>| other.id != child.id;
        let limit = self.limit(arrival, counting);
        u32::try_from(stated).is_ok_and(|stated| {
            (1..=limit).contains(&stated) && !self.child_at(child.name.as_deref(), stated).is_some_and(is_other)
        })
    }

    fn classify_child(&self, arrival: &Arrival<'_>, limit: u32) -> Class {
        let child = &arrival.member;
        let name = child.name.as_deref();
        if let Some(first) = self.child(name, &child.id) {
            return compare(first, arrival);
        }
        if let Some(stated) = arrival.stated_position
            && child.position.is_none_or(|position| position > limit)
        {
            return Class::OutOfRange(no_position(stated, limit));
        }
        if let Some(position) = child.position
            && let Some(first) = self.child_at(name, position)
        {
            return Class::Conflict(Arc::clone(first));
        }
        if self.count_of(name) >= limit {
            return Class::Unexpected(too_many(limit, name));
        }
        Class::Expected
    }
}

/// The reason for a child whose position does not exist.
pub(super) fn no_position(stated: i64, limit: u32) -> String {
    format!("its position {stated} is not from 1 to {limit}")
}

/// The reason for a surplus child.
pub(super) fn too_many(expected: u32, name: Option<&str>) -> String {
    let name = name.map_or(String::new(), |name| format!(" {name}"));
    format!("there is room for {expected}{name} and no more")
}

/// Compares an event with the known member of its id. Most retries are equal to the byte; others are equal as JSON.
fn compare(first: &Arc<Member>, arrival: &Arrival<'_>) -> Class {
    let Arrival { member: second, digester, .. } = arrival;
    let is_equal = || digester.digest(&first.content) == digester.digest(&second.content);
    if first.id == second.id && (first.content == second.content || is_equal()) {
        Class::Duplicate
    } else {
        Class::Conflict(Arc::clone(first))
    }
}
