//! The attempts of one call. See the [module](super) for the table.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Answer, Backoff};
use crate::model::{Key, Timestamp, Verdict};

/// What is known of a call whose answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The receiver can be asked whether it was executed. The caller asks: here the call ends in doubt.
    LookUp,
    /// The request has a key by which the receiver recognizes a repetition, so it is repeated.
    Idempotent,
    /// A repetition would be executed again, so there is none.
    Once,
}

/// The limits of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// What is known of a call whose answer was lost.
    pub certainty: Certainty,
    /// The waits between attempts.
    pub retry: Backoff,
    /// The time from the first attempt until the call gives up.
    pub give_up_after: Duration,
}

/// A call that has not ended.
///
/// This type is part of stored states: bincode identifies fields by their order, so a change needs a new version of each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The number of the act of the latest attempt. It grows with each act of an entry's slot.
    pub number: u32,
    /// The number of attempts.
    pub attempts: u32,
    /// The start of the time that counts against [`Limits::give_up_after`]: the first attempt, moved by the time in which no
    /// instance fired the timer of a retry.
    pub since: Timestamp,
    /// The time of the next attempt, the first one among them; `None` while one is pending.
    pub retry_at: Option<Timestamp>,
}

/// What follows from an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The call waits until [`Call::retry_at`], for this reason.
    Wait(Call, Retry),
    /// The call has ended.
    End(End),
}

/// The end of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It was executed.
    Executed,
    /// It was not executed, and a retry would be refused too; the reason.
    Refused(String),
    /// It was not executed, or at least not for certain, in the time for attempts; the last reason.
    GaveUp(String),
    /// It may have been executed, and is not repeated; the reason.
    InDoubt(String),
}

/// The reason of a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The receiver asked for it.
    Busy,
    /// Nothing was sent.
    NotSent,
    /// Nothing was sent, because the receiver is suspended: neither the attempt nor its time counts.
    Suspended,
    /// The answer was lost.
    LostAnswer,
    /// A previous owner of the task may have made the attempt.
    Inherited,
}

impl Call {
    /// A call whose first attempt is due at once; `number` is that of the slot's latest act.
    pub const fn begin(number: u32, now: Timestamp) -> Self {
        Self { number, attempts: 0, since: now, retry_at: Some(now) }
    }

    /// The next attempt, if it is due. The time by which it is late does not count.
    pub fn due(self, now: Timestamp) -> Option<Self> {
        let due = self.retry_at.filter(|due| *due <= now)?;
        let since = self.since.saturating_add(now.since(due)).min(now);
        let (number, attempts) = (self.number.saturating_add(1), self.attempts.saturating_add(1));
        Some(Self { number, attempts, since, retry_at: None })
    }

    /// True if this is the number of the pending attempt.
    pub fn is_pending(&self, number: u32) -> bool {
        self.retry_at.is_none() && self.number == number
    }

    /// The outcome of the pending attempt of an entry with this key.
    pub fn ended(self, key: &Key, verdict: Verdict, limits: &Limits, now: Timestamp) -> Next {
        let (retry, detail, requested) = match verdict {
            Verdict::Suspended(_) => {
                let attempts = self.attempts.saturating_sub(1);
                let wait = limits.retry.wait(key, self.number, 1, None);
                let since = if attempts == 0 { now } else { self.since };
                let next = Self { attempts, since, retry_at: Some(now.saturating_add(wait)), ..self };
                return Next::Wait(next, Retry::Suspended);
            }
            Verdict::Answered(answer) => match serde_json::from_str(&answer) {
                Ok(Answer::Executed { .. }) => return Next::End(End::Executed),
                Ok(Answer::Refused { detail }) => return Next::End(End::Refused(detail)),
                Ok(Answer::Busy { detail, retry_after_ms }) => {
                    (Retry::Busy, detail, retry_after_ms.map(Duration::from_millis))
                }
                Err(error) => (Retry::LostAnswer, format!("the answer is invalid: {error}"), None),
            },
            Verdict::NotSent(detail) => (Retry::NotSent, detail, None),
            Verdict::Unknown(detail) => (Retry::LostAnswer, detail, None),
            Verdict::Inherited => (Retry::Inherited, "a previous owner of the task may have made it".to_owned(), None),
        };
        if limits.certainty != Certainty::Idempotent && matches!(retry, Retry::LostAnswer | Retry::Inherited) {
            return Next::End(End::InDoubt(detail));
        }
        if now.since(self.since) >= limits.give_up_after {
            let word = if self.attempts == 1 { "attempt" } else { "attempts" };
            let detail = format!(
                "time ran out after {} {word} (since {}); the last one ended with: {detail}",
                self.attempts, self.since
            );
            return Next::End(End::GaveUp(detail));
        }
        let wait = limits.retry.wait(key, self.number, self.attempts, requested);
        Next::Wait(Self { retry_at: Some(now.saturating_add(wait)), ..self }, retry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn limits(certainty: Certainty) -> Limits {
        let retry = Backoff { first: Duration::from_secs(5), factor: 2, max: MINUTE, jitter_percent: 0 };
        Limits { certainty, retry, give_up_after: Duration::from_hours(1) }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    /// A call whose first attempt is pending since 0.
    fn pending(number: u32) -> Call {
        Call::begin(number - 1, at(0)).due(at(0)).unwrap()
    }

    fn ended(call: Call, verdict: Verdict, certainty: Certainty, now: Timestamp) -> Next {
        call.ended(&Key::new("k"), verdict, &limits(certainty), now)
    }

    fn busy() -> Verdict {
        Answer::Busy { detail: "HTTP 503".to_owned(), retry_after_ms: Some(20_000) }.verdict()
    }

    #[test]
    fn a_lost_answer_is_repeated_only_if_a_repetition_is_recognized() {
        let call = pending(7);
        for (verdict, retry) in
            [(Verdict::Unknown("reset".to_owned()), Retry::LostAnswer), (Verdict::Inherited, Retry::Inherited)]
        {
            let waiting = Call { retry_at: Some(at(6)), ..call };
            assert_eq!(ended(call, verdict.clone(), Certainty::Idempotent, at(1)), Next::Wait(waiting, retry));
            assert!(matches!(ended(call, verdict, Certainty::Once, at(1)), Next::End(End::InDoubt(_))));
        }
    }

    #[test]
    fn what_was_not_executed_is_tried_again_when_the_receiver_asks_for_it_or_after_the_back_off() {
        for certainty in [Certainty::Idempotent, Certainty::Once] {
            let Next::Wait(call, Retry::Busy) = ended(pending(1), busy(), certainty, at(1)) else {
                panic!("{certainty:?}: busy is a reason to wait")
            };
            assert_eq!((call.retry_at, call.due(at(20)), call.is_pending(1)), (Some(at(21)), None, false));
            let call = call.due(at(21)).unwrap();
            assert_eq!((call.number, call.attempts, call.since, call.is_pending(2)), (2, 2, at(0), true));
            let not_sent = Verdict::NotSent("connection refused".to_owned());
            let Next::Wait(call, Retry::NotSent) = ended(call, not_sent, certainty, at(22)) else {
                panic!("{certainty:?}: what was not sent is sent again")
            };
            assert_eq!(call.retry_at, Some(at(32)), "the second wait of the back-off");
        }
    }

    #[test]
    fn a_call_gives_up_after_its_time_but_the_time_without_an_owner_does_not_count() {
        let call = Call { retry_at: Some(at(10)), ..pending(1) };
        let late = call.due(at(7_210)).unwrap();
        assert_eq!(late.since, at(7_200));
        assert!(matches!(ended(late, busy(), Certainty::Idempotent, at(7_211)), Next::Wait(..)));
        let Next::End(End::GaveUp(detail)) = ended(late, busy(), Certainty::Idempotent, at(10_800)) else {
            panic!("an hour is over")
        };
        assert_eq!(
            detail,
            "time ran out after 2 attempts (since 1970-01-01T02:00:00.000Z); the last one ended with: HTTP 503"
        );
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_a_lost_one() {
        let next = ended(pending(1), Verdict::Answered("{}".to_owned()), Certainty::Idempotent, at(1));
        assert!(matches!(next, Next::Wait(_, Retry::LostAnswer)));
        let refused = Answer::Refused { detail: "HTTP 400".to_owned() }.verdict();
        let end = ended(pending(1), refused, Certainty::Once, at(1));
        assert_eq!(end, Next::End(End::Refused("HTTP 400".to_owned())));
    }
}
