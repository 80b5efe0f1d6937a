//! The calls of an entry, by slot and number.

use crate::model::{ActSlot, Outcome};

/// The slot of submits.
pub(super) const SUBMIT: ActSlot = ActSlot(0);
/// The slot of look-ups.
pub(super) const LOOK_UP: ActSlot = ActSlot(1);

/// A call of an entry, by the number of its act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Submit(u32),
    LookUp(u32),
}

impl Call {
    /// The call of an outcome; `None` for an unknown slot.
    pub(super) const fn of(outcome: &Outcome) -> Option<Self> {
        match outcome.slot {
            SUBMIT => Some(Self::Submit(outcome.attempt)),
            LOOK_UP => Some(Self::LookUp(outcome.attempt)),
            ActSlot(_) => None,
        }
    }
}
