//! The transitions of a followed run: questions, their answers, and reruns.

use super::super::{Effect, Transition};
use super::protocol::{Answer, FailedJob, Request};
use super::report::Report;
use super::state::TOLD_MAX;
use super::{AGAIN, ASK, Follower, Run, TIMER, Tracking, ask_at, count};
use crate::model::{Act, ActSlot, Key, Reject, RejectReason, Timestamp, Verdict};

impl Follower {
    /// Asks for the state of a run.
    pub(super) fn ask(&self, run: Run) -> Transition<Tracking> {
        let (folder, server, told) = (run.folder.clone(), self.settings.server.clone(), run.told_jobs.clone());
        let request = Request::Ask { folder, server, told };
        self.call(ASK, run, &request)
    }

    /// Runs the failed job again, by an operator's command. A question that is under way is not waited for: its answer would be
    /// ignored as that of an earlier call.
    pub(super) fn rerun(&self, run: Run) -> Transition<Tracking> {
        let job_id = run.failed_job.as_ref().map(|(id, _)| id.clone()).unwrap_or_default();
        let mut next = self.call(AGAIN, Run { is_rerun: true, ..run }, &Request::Rerun { job_id });
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
                let run = Run { status, failed_job: None, told_jobs: Vec::new(), is_rerun: false, ..run };
                self.on_active(key, run, (is_waiting, late), now)
            }
            Some(Answer::Failed { job }) => on_failed(key, run, job, now),
            Some(Answer::Ended { times }) => {
                let record = Report::of(key, &run, now).record("ended_ok", Some(&times), None);
                Transition::to(Tracking::Ended(run.ended(true, now))).with(record).with(Effect::Count(count::ENDED_OK))
            }
            Some(Answer::Absent) if now.since(run.submitted_at) > self.settings.visible_within => {
                let report = Report::of(key, &run, now);
                let mut effects = vec![report.record("gone", None, None), Effect::Count(count::GONE)];
                // The end of a run that has failed was told.
                if run.failed_job.is_none() {
                    effects.push(report.gone());
                }
                Transition { state: Some(Tracking::Ended(run.ended(false, now))), effects }
            }
            Some(Answer::Absent) => Transition::to(Tracking::Followed(run)),
            Some(Answer::Rerun | Answer::Refused { .. }) | None => {
                Transition::to(Tracking::Followed(run)).with(Effect::Count(count::UNANSWERED))
            }
        };
        self.after_question(next, now)
    }

    /// The answer to a rerun. What became of it is seen by a question that follows soon; until then there is no other rerun.
    pub(super) fn on_rerun(&self, key: &Key, run: Run, verdict: Verdict, now: Timestamp) -> Transition<Tracking> {
        let failed = |run: &Run, why: &str| {
            let detail = format!("the rerun of {} for bundle {key} {why}", run.folder);
            Effect::DeadLetter(Reject::new(RejectReason::Refused, detail))
        };
        // It may have been executed, so it is not repeated: the operator is told, and decides by what the next questions tell.
        let lost = |run: Run, why: &str| {
            let detail = format!(
                "the rerun of {} for bundle {key} has no answer ({why}), so it may have been executed: if neither its next failure nor \
                 its end is told within minutes, give the command again",
                run.folder
            );
            let letter = Effect::DeadLetter(Reject::new(RejectReason::GaveUp, detail));
            Transition::to(Tracking::Followed(run)).with(letter).with(Effect::Count(count::UNANSWERED))
        };
        let next = match verdict {
            Verdict::NotSent(detail) | Verdict::Suspended(detail) => {
                let letter = failed(&run, &format!("was not sent: {detail}"));
                Transition::to(Tracking::Followed(Run { is_rerun: false, ..run })).with(letter)
            }
            Verdict::Unknown(why) => lost(run, &why),
            Verdict::Inherited => lost(run, "the instance has ended"),
            Verdict::Answered(answer) => match serde_json::from_str(&answer) {
                Ok(Answer::Refused { message }) => {
                    let letter = failed(&run, &format!("was refused: {message}"));
                    Transition::to(Tracking::Followed(Run { is_rerun: false, ..run })).with(letter)
                }
                Ok(Answer::Rerun) => Transition::to(Tracking::Followed(run)).with(Effect::Count(count::RERUN)),
                Ok(Answer::Active { .. } | Answer::Failed { .. } | Answer::Ended { .. } | Answer::Absent) | Err(_) => {
                    lost(run, "it is no answer to a rerun")
                }
            },
        };
        let mut next = next.with(ask_at(now.saturating_add(self.settings.after_rerun)));
        next.effects.insert(0, Effect::Settle(AGAIN));
        next
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

    /// Settles the question, and schedules what comes next: another one, or the deletion.
    fn after_question(&self, mut next: Transition<Tracking>, now: Timestamp) -> Transition<Tracking> {
        let due = match &next.state {
            Some(Tracking::Followed(run)) => self.settings.next_question(run, now),
            Some(Tracking::Ended(_)) | None => now.saturating_add(self.settings.keep),
        };
        next.effects.insert(0, Effect::Settle(ASK));
        next.with(ask_at(due))
    }
}

/// A job has failed: told once for each of its runs. Of several failed jobs each answer has one that was not told.
fn on_failed(key: &Key, mut run: Run, job: FailedJob, now: Timestamp) -> Transition<Tracking> {
    let failure = (job.id.clone(), job.runs);
    if run.told_jobs.contains(&failure) || run.told_jobs.len() >= TOLD_MAX {
        return Transition::to(Tracking::Followed(Run { failed_job: Some(failure), is_rerun: false, ..run }));
    }
    let report = Report::of(key, &run, now);
    let effects =
        vec![report.record("ended_not_ok", None, Some(&job)), report.failed(&job), Effect::Count(count::FAILED)];
    run.told_jobs.push(failure.clone());
    let failed_job = Some(failure);
    let run = Run { failed_job, is_rerun: false, status: job.status, records: run.records.saturating_add(1), ..run };
    Transition { state: Some(Tracking::Followed(run)), effects }
}

fn answer(verdict: Verdict) -> Option<Answer> {
    match verdict {
        Verdict::Answered(answer) => serde_json::from_str(&answer).ok(),
        Verdict::NotSent(_) | Verdict::Suspended(_) | Verdict::Unknown(_) | Verdict::Inherited => None,
    }
}
