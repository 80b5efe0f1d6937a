//! The processor of the chaos: it counts, and asks for an act with each count.

use std::time::Duration;

use sheaf::model::{Act, ActSlot, Key, Reject, Timestamp};
use sheaf::processor::{Effect, Input, Processor, Transition};

use super::super::support::{Count, Counter};

const SLOT: ActSlot = ActSlot(0);

/// A [`Counter`] with an act for each count, in place of the one before; its outcome settles it.
pub(super) struct Acting;

impl Processor for Acting {
    type State = Count;

    fn step(&self, key: &Key, state: Option<Count>, input: Input, now: Timestamp) -> Result<Transition<Count>, Reject> {
        let is_record = matches!(input, Input::Record(_));
        let settled = match (&input, &state) {
            (Input::Outcome(outcome), Some(count)) => u64::from(outcome.attempt) == count.0,
            _ => false,
        };
        let next = Counter.step(key, state, input, now)?;
        let count = next.state.as_ref().map_or(0, |count| count.0);
        if is_record {
            let (attempt, request) = (u32::try_from(count).unwrap(), format!("{key} {count}"));
            return Ok(next.with(Effect::Act(Act {
                slot: SLOT,
                attempt,
                valid_for: Duration::from_hours(1),
                request,
            })));
        }
        Ok(if settled { next.with(Effect::Settle(SLOT)) } else { next })
    }
}
