//! What a user does to a job.

use super::log::What;
use super::state::Engine;
use super::unit::{State, Unit, Waived};

/// What a user does to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mock::control_m) enum Verb {
    /// It does not start until it is freed.
    Hold,
    /// It may start again.
    Free,
    /// It is confirmed.
    Confirm,
    /// Its run is ended, not OK.
    Kill,
    /// It runs again.
    Rerun,
    /// It counts as ended OK.
    SetToOk,
    /// It is deleted.
    Delete,
    /// It is no more deleted.
    Undelete,
    /// It waits for nothing.
    RunNow,
}

impl Verb {
    /// The verb of the API's word, and the word for what is done then.
    pub(in crate::mock::control_m) fn of(word: &str) -> Option<(Self, &'static str)> {
        Some(match word {
            "hold" => (Self::Hold, "held"),
            "free" => (Self::Free, "freed"),
            "confirm" => (Self::Confirm, "confirmed"),
            "kill" => (Self::Kill, "killed"),
            "rerun" => (Self::Rerun, "rerun"),
            "setToOk" => (Self::SetToOk, "set to OK"),
            "delete" => (Self::Delete, "deleted"),
            "undelete" => (Self::Undelete, "undeleted"),
            "runNow" | "bypass" => (Self::RunNow, "run"),
            _ => return None,
        })
    }
}

/// Why it cannot be done: the end of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mock::control_m) struct Refusal(pub(in crate::mock::control_m) String);

impl Engine {
    /// Does it, to a job that is there.
    pub(in crate::mock::control_m) fn operate(&mut self, id: u64, verb: Verb) -> Result<(), Refusal> {
        let Some(unit) = self.units.get_mut(&id) else { return Ok(()) };
        match verb {
            Verb::Hold => unit.held = true,
            Verb::Free => unit.held = false,
            Verb::Delete => unit.deleted = true,
            Verb::Undelete => unit.deleted = false,
            Verb::Confirm if !unit.waits_for_user() => {
                return Err(Refusal("it does not wait for a confirmation".to_owned()));
            }
            Verb::Confirm => unit.waived = Waived::User,
            Verb::RunNow => {
                refuse_unless(unit.state == State::Waiting, unit)?;
                unit.waived = Waived::UserAndEvents;
            }
            Verb::Kill => refuse_unless(unit.is_job() && unit.state == State::Executing, unit)?,
            Verb::Rerun => refuse_unless(unit.is_job() && unit.has_ended(), unit)?,
            Verb::SetToOk => {
                let may = matches!(unit.state, State::Waiting | State::Ended { ok: false });
                refuse_unless(unit.is_job() && may, unit)?;
            }
        }
        self.write_log(id, line(verb));
        match verb {
            Verb::Kill => self.end(id, 9),
            Verb::Rerun => self.runs_again(id),
            Verb::SetToOk => self.set_to_ok(id),
            Verb::Delete => self.above_ends(id),
            Verb::Undelete => {
                self.reopen_above(id);
                self.above_ends(id);
            }
            Verb::Hold | Verb::Free | Verb::Confirm | Verb::RunNow => {}
        }
        self.check_with_children(id);
        self.settle();
        Ok(())
    }

    /// Runs an ended job again, at once: its events may be gone, and it was confirmed.
    pub(super) fn runs_again(&mut self, id: u64) {
        self.reopen_above(id);
        if let Some(unit) = self.units.get_mut(&id) {
            unit.state = State::Waiting;
            unit.waived = Waived::UserAndEvents;
            unit.ended_at = None;
        }
        self.to_check.insert(id);
    }

    fn set_to_ok(&mut self, id: u64) {
        let waiting = self.resources.give_back(id);
        self.to_check.extend(waiting);
        self.reopen_above(id);
        self.ends(id, true);
        self.take_actions(id, 0);
    }

    fn above_ends(&mut self, id: u64) {
        if let Some(parent) = self.units.get(&id).and_then(|unit| unit.parent) {
            self.container_ends(parent);
        }
    }

    fn check_with_children(&mut self, id: u64) {
        self.to_check.insert(id);
        let mut next = vec![id];
        while let Some(unit) = next.pop().and_then(|id| self.units.get(&id)) {
            self.to_check.extend(&unit.children);
            next.extend(&unit.children);
        }
    }
}

const fn line(verb: Verb) -> What {
    match verb {
        Verb::Hold => What::Held,
        Verb::Free => What::Freed,
        Verb::Confirm => What::Confirmed,
        Verb::Kill => What::Killed,
        Verb::Rerun => What::Rerun,
        Verb::SetToOk => What::SetToOk,
        Verb::Delete => What::Deleted,
        Verb::Undelete => What::Undeleted,
        Verb::RunNow => What::Bypassed,
    }
}

fn refuse_unless(condition: bool, unit: &Unit) -> Result<(), Refusal> {
    if condition {
        return Ok(());
    }
    let state = match unit.state {
        State::Waiting => "it waits",
        State::Executing => "it executes",
        State::Ended { ok: true } => "it has ended OK",
        State::Ended { ok: false } => "it has ended not OK",
    };
    Err(Refusal(if unit.is_job() { state.to_owned() } else { "it is a folder".to_owned() }))
}
