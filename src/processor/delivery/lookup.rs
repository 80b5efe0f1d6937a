//! The transitions of a delivery in doubt: asking Control-M for the folder, and believing what it says.

use super::super::{Effect, Transition};
use super::control_m::Request;
use super::journal::{Journal, Open, Proof};
use super::submit::schedule;
use super::verdict::{LOOK_UP, LookedUp};
use super::{Delivery, count};
use crate::model::{Key, Reject, RejectReason, Timestamp};

impl Delivery {
    /// Asks for the folder. It is asked however late it is: a folder that is found is always believed.
    pub(super) fn look_up(&self, open: Open) -> Transition<Journal> {
        let call = open.call.saturating_add(1);
        let request = Request::LookUp { folder: open.folder.clone(), server: self.settings.server.clone() };
        let act = self.act(LOOK_UP, call, &request);
        Transition::to(Journal::LookingUp(Open { call, ..open })).with(act)
    }

    /// What the latest look-up told.
    pub(super) fn on_looked_up(
        &self,
        key: &Key,
        open: Open,
        looked_up: LookedUp,
        now: Timestamp,
    ) -> Transition<Journal> {
        let since = open.doubtful_since.unwrap_or(open.intended_at);
        let believed = now.since(since) <= self.settings.lookup_horizon;
        match looked_up {
            LookedUp::Found { job_id } => self.succeed(key, open, Proof::Job(job_id), now),
            LookedUp::Absent if believed => {
                if self.exhausted(&open) {
                    let detail = "every answer was lost, and no folder was found".to_owned();
                    return self.fail(key, open, Reject::new(RejectReason::Refused, detail), now);
                }
                self.submit(open, now).with(Effect::Count(count::RETRY_ABSENT))
            }
            LookedUp::Absent => {
                let detail = format!(
                    "no folder was found, but the submit of {since} is too long ago to tell: look for it in Control-M's archive"
                );
                self.give_up(key, open, detail, now)
            }
            LookedUp::Failed { retry_after_ms, .. } if believed => {
                let failures = open.lookup_failures.saturating_add(1);
                let wait = self.wait(failures, retry_after_ms);
                Transition::to(Journal::Unsure(Open { lookup_failures: failures, ..open }))
                    .with(schedule(now.saturating_add(wait)))
                    .with(Effect::Count(count::RETRY_LOOK_UP))
            }
            LookedUp::Failed { detail, .. } => {
                let detail = format!("the submit of {since} could not be looked up in time: {detail}");
                self.give_up(key, open, detail, now)
            }
        }
    }
}
