//! What is known of a bundle besides its members: the deviations that were alerted, and the timeline.

use super::{Fingerprint, Timeline};

/// What is known of a bundle besides its members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// The alerted deviations, in order; at most [`REPORTED_MAX`](super::REPORTED_MAX).
    pub reported: Vec<Fingerprint>,
    /// Deviating events, and deadlines that have passed; of a bundle that has ended all events. Most open bundles have none.
    pub timeline: Option<Box<Timeline>>,
    /// True once its opening is forwarded ([`Rules::progress`](super::Rules::progress)).
    pub is_opened: bool,
}

impl Story {
    /// The story of a bundle that was stored without a timeline.
    pub(super) const fn without_timeline(reported: Vec<Fingerprint>) -> Self {
        Self { reported, timeline: None, is_opened: false }
    }

    /// The timeline, to be added to.
    pub(super) fn timeline(&mut self) -> &mut Timeline {
        self.timeline.get_or_insert_default()
    }
}
