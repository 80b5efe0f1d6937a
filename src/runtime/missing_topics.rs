//! Topics that were deleted while the instance runs: nothing fails then, the group assigns their partitions to nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::context::Context;
use super::reminder::Reminder;
use super::topology_plan::Role;
use crate::broker::Admin;
use crate::model::Topic;

/// The interval of looking.
const INTERVAL: Duration = Duration::from_secs(30);
/// The time until the second look at what seems to be missing: a broker that has just started, or a topic that was just created, is not
/// known everywhere at once.
const AGAIN: Duration = Duration::from_secs(5);

/// The topics of the application that do not exist.
#[derive(Debug)]
pub(super) struct MissingTopics {
    next: Duration,
    /// What the last look did not find.
    suspected: BTreeSet<Topic>,
    missing: BTreeMap<Topic, Reminder>,
}

impl MissingTopics {
    /// The first look is an interval away.
    pub(super) fn new(uptime: Duration) -> Self {
        Self { next: uptime.saturating_add(INTERVAL), suspected: BTreeSet::new(), missing: BTreeMap::new() }
    }

    /// Looks for all topics that the application reads or keeps its state in, if it is time.
    pub(super) fn turn(&mut self, admin: &mut dyn Admin, context: &Context) {
        let uptime = context.clock.uptime();
        if uptime < self.next {
            return;
        }
        self.next = uptime.saturating_add(INTERVAL);
        let topics = [context.plan.subscription(), context.plan.changelogs()].concat();
        let found: BTreeSet<Topic> = match admin.missing(&topics, context.settings.limits.broker_timeout) {
            Ok(found) => found.into_iter().collect(),
            Err(error) => return tracing::debug!(%error, "cannot look for the topics"),
        };
        if !found.is_subset(&self.suspected) {
            self.next = uptime.saturating_add(AGAIN);
        }
        let suspected = std::mem::replace(&mut self.suspected, found);
        let mut before = std::mem::take(&mut self.missing);
        let mut details = BTreeMap::new();
        for topic in self.suspected.intersection(&suspected).cloned() {
            let detail = remedy(context.plan.role(&topic));
            let mut reminder = before.remove(&topic).unwrap_or_else(|| Reminder::new(uptime, Duration::ZERO));
            if reminder.is_due(uptime).is_some() {
                tracing::error!(%topic, detail, "a topic of this application does not exist");
            }
            context.metrics.consumer.missing_topic(&topic, true);
            self.missing.insert(topic.clone(), reminder);
            details.insert(topic, detail.to_owned());
        }
        for topic in before.into_keys() {
            tracing::info!(%topic, "the topic exists again");
            context.metrics.consumer.missing_topic(&topic, false);
        }
        context.status.set_missing(details);
    }
}

/// What it means and what to do, for the role of the topic.
const fn remedy(role: Option<Role>) -> &'static str {
    match role {
        Some(Role::Source(_)) => {
            "it does not exist, and nothing is read from it: create it anew with as many partitions"
        }
        Some(Role::Inbox(_)) => {
            "it does not exist, and what waited in it is lost: stop all instances, start one, which creates it, and run the command of its \
             message if it ends with one; then start the others"
        }
        None => {
            "it does not exist, and its tasks cannot go on: stop all instances, and make it anew with `sheaf state republish` \
             (docs/operations.md, a lost changelog)"
        }
    }
}
