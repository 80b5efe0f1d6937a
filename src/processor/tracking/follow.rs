//! The transitions of a followed run: questions, their answers, and reruns.

use super::super::{Effect, Transition};
use super::protocol::{Answer, FailedJob, Request};
use super::report::Report;
use super::{AGAIN, ASK, Follower, Run, TIMER, Tracking, ask_at, count};
use crate::model::{Act, ActSlot, Key, Reject, RejectReason, Timestamp, Verdict};

impl Follower {
    /// Asks for the state of a run.
    pub(super) fn ask(&self, run: Run) -> Transition<Tracking> {
        let request = Request::Ask { folder: run.folder.clone(), server: self.settings.server.clone() };
        self.call(ASK, run, &request)
    }

    /// Runs the failed job again, by an operator's command. A question that is under way is not waited for: its answer would be
    /// ignored as that of an earlier call.
    pub(super) fn rerun(&self, run: Run) -> Transition<Tracking> {
        let job_id = run.failed_job.as_ref().map(|(id, _)| id.clone()).unwrap_or_default();
        let mut next = self.call(AGAIN, run, &Request::Rerun { job_id });
        next.effects.splice(0..0, [Effect::Settle(ASK), Effect::Unschedule(TIMER)]);
        next
    }

    fn call(&self, slot: ActSlot, run: Run, request: &Request) -> Transition<Tracking> {
        let call = run.call.saturating_add(1);
        let (to, valid_for, request) = (self.settings.target.clone(), self.settings.valid_for, request.encode());
        let act = Act { slot, attempt: call, to, valid_for, request };
        Transition::to(Tracking::Followed(Run { call, ..run })).with(Effect::Act(act))
    }

    /// The answer to the latest question.
    pub(super) fn on_answer(&self, key: &Key, run: Run, verdict: Verdict, now: Timestamp) -> Transition<Tracking> {
        let next = match answer(verdict) {
            Some(Answer::Active { status, is_waiting, late }) => {
                self.on_active(key, Run { status, failed_job: None, ..run }, (is_waiting, late), now)
            }
            Some(Answer::Failed { job }) => on_failed(key, run, job, now),
            Some(Answer::Ended { times }) => {
                let record = Report::of(key, &run, now).record("ended_ok", Some(&times), None);
                Transition::to(Tracking::Ended(run.ended(true, now))).with(record).with(Effect::Count(count::ENDED_OK))
            }
            Some(Answer::Absent) if now.since(run.submitted_at) > self.settings.visible_within => {
                let report = Report::of(key, &run, now);
                let effects = vec![report.record("gone", None, None), report.gone(), Effect::Count(count::GONE)];
                Transition { state: Some(Tracking::Ended(run.ended(false, now))), effects }
            }
            Some(Answer::Absent) => Transition::to(Tracking::Followed(run)),
            Some(Answer::Rerun | Answer::Refused { .. }) | None => {
                Transition::to(Tracking::Followed(run)).with(Effect::Count(count::UNANSWERED))
            }
        };
        self.after_call(ASK, next, now)
    }

    /// The answer to a rerun. It is not repeated, because it may have been executed: without an answer the operator is told, and
    /// decides by what the next questions tell.
    pub(super) fn on_rerun(&self, key: &Key, run: Run, verdict: Verdict, now: Timestamp) -> Transition<Tracking> {
        let told = |reason, what: String| {
            let detail = format!("the rerun of {} for bundle {key} {what}", run.folder);
            Transition::to(Tracking::Followed(run.clone())).with(Effect::DeadLetter(Reject::new(reason, detail)))
        };
        let lost = |why: &str| {
            let what = format!(
                "has no answer ({why}), so it may have been executed: if its next failure or its end is not told within minutes, give \
                 the command again"
            );
            told(RejectReason::GaveUp, what).with(Effect::Count(count::UNANSWERED))
        };
        let next = match verdict {
            Verdict::NotSent(why) => {
                let what = format!("was not sent: {why}; give the command again");
                told(RejectReason::GaveUp, what).with(Effect::Count(count::UNANSWERED))
            }
            Verdict::Unknown(why) => lost(&why),
            Verdict::Inherited => lost("the instance has ended"),
            Verdict::Answered(answer) => match serde_json::from_str(&answer) {
                Ok(Answer::Refused { message }) => told(RejectReason::Refused, format!("was refused: {message}")),
                Ok(Answer::Rerun) => {
                    let run = Run { failed_job: None, ..run };
                    Transition::to(Tracking::Followed(run)).with(Effect::Count(count::RERUN))
                }
                Ok(Answer::Active { .. } | Answer::Failed { .. } | Answer::Ended { .. } | Answer::Absent) | Err(_) => {
                    lost("it is no answer to a rerun")
                }
            },
        };
        self.after_call(AGAIN, next, now)
    }

    fn on_active(
        &self,
        key: &Key,
        mut run: Run,
        (is_waiting, late): (bool, Option<String>),
        now: Timestamp,
    ) -> Transition<Tracking> {
        let mut effects = Vec::new();
        if is_waiting && !run.told_waiting && now.since(run.submitted_at) >= self.settings.waiting_max {
            effects.push(Report::of(key, &run, now).waiting(&run.status, run.submitted_at));
            run.told_waiting = true;
        }
        if let Some(late) = late.filter(|_| !run.told_late) {
            effects.push(Report::of(key, &run, now).late(&late));
            run.told_late = true;
        }
        Transition { state: Some(Tracking::Followed(run)), effects }
    }

    /// Settles the call of this slot, and schedules what comes next: another question, or the deletion.
    fn after_call(&self, slot: ActSlot, mut next: Transition<Tracking>, now: Timestamp) -> Transition<Tracking> {
        let due = match &next.state {
            Some(Tracking::Followed(run)) => self.settings.next_question(run, now),
            Some(Tracking::Ended(_)) | None => now.saturating_add(self.settings.keep),
        };
        next.effects.insert(0, Effect::Settle(slot));
        next.with(ask_at(due))
    }
}

/// A job has failed: told once for each of its runs.
fn on_failed(key: &Key, run: Run, job: FailedJob, now: Timestamp) -> Transition<Tracking> {
    let failed_job = Some((job.id.clone(), job.runs));
    if run.failed_job == failed_job {
        return Transition::to(Tracking::Followed(run));
    }
    let report = Report::of(key, &run, now);
    let effects =
        vec![report.record("ended_not_ok", None, Some(&job)), report.failed(&job), Effect::Count(count::FAILED)];
    let run = Run { failed_job, status: job.status, records: run.records.saturating_add(1), ..run };
    Transition { state: Some(Tracking::Followed(run)), effects }
}

fn answer(verdict: Verdict) -> Option<Answer> {
    match verdict {
        Verdict::Answered(answer) => serde_json::from_str(&answer).ok(),
        Verdict::NotSent(_) | Verdict::Unknown(_) | Verdict::Inherited => None,
    }
}
