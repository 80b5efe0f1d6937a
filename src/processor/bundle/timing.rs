//! What time has done to an incomplete bundle.

use crate::model::Timestamp;

/// The deadlines that an incomplete bundle has passed or been given, besides the SLA breach, which is its state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// True if the warning before the deadline has been published.
    pub warned: bool,
    /// The event time of the earliest member that states a deadline, and that deadline.
    pub stated: Option<(Timestamp, Timestamp)>,
    /// True if an alert has told that the condition cannot be evaluated.
    pub condition_failed: bool,
    /// The time at which it is complete, if the number of its members may vary.
    pub completes_at: Option<Timestamp>,
    /// The deadline that an operator has set in place of that of the rules.
    pub extended: Option<Timestamp>,
}
