//! The condition over the members of a bundle that has its least members.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{Bundle, Gathering, Member};
use crate::model::Timestamp;
use crate::template::Expression;

/// The names of the variables of a condition.
pub const CONDITION_VARIABLES: [&str; 3] = ["parent", "children", "members"];

/// The variables of a condition: the payloads of the members up to a time.
#[derive(Serialize)]
struct Variables {
    /// Null without a parent.
    parent: Value,
    /// The children, in the order of a submission.
    children: Vec<Value>,
    /// The children by name.
    members: BTreeMap<String, Vec<Value>>,
}

impl Bundle {
    /// The first time from `minimum` on, and not before `changed`, at which the condition holds for the members up to it; and
    /// the first error. Up to `changed`, the time of a member that is new, the members are those of before.
    pub(super) fn holds_at(
        &self,
        gathering: &Gathering,
        condition: &Expression,
        minimum: Timestamp,
        changed: Option<Timestamp>,
    ) -> (Option<Timestamp>, Option<String>) {
        let from = changed.map_or(minimum, |changed| changed.max(minimum));
        let mut times: Vec<Timestamp> = gathering.members().map(|(_, member)| member.at).collect();
        times.retain(|at| *at >= from);
        times.sort_unstable();
        times.dedup();
        let mut error = None;
        for at in times {
            match condition.holds(&self.variables(gathering, at)) {
                Ok(true) => return (Some(at), error),
                Ok(false) => {}
                Err(why) => error = error.or(Some(why)),
            }
        }
        (None, error)
    }

    fn variables(&self, gathering: &Gathering, until: Timestamp) -> Variables {
        // The keying step has checked that each is JSON.
        let value = |member: &Member| serde_json::from_slice::<Value>(&member.content).unwrap_or_default();
        let is_counted = |member: &&Member| member.at <= until;
        let parent = gathering.parent().map(|parent| &**parent).filter(is_counted).map(value).unwrap_or_default();
        let children = gathering.in_order(&self.rules.members).into_iter().map(|child| &**child).filter(is_counted);
        let children: Vec<(&Member, Value)> = children.map(|child| (child, value(child))).collect();
        let none = self.rules.members.iter().map(|named| (named.name.to_string(), Vec::new()));
        let mut members: BTreeMap<String, Vec<Value>> = none.collect();
        for (child, value) in &children {
            if let Some(name) = &child.name {
                members.entry(name.to_string()).or_default().push(value.clone());
            }
        }
        Variables { parent, children: children.into_iter().map(|(_, value)| value).collect(), members }
    }
}
