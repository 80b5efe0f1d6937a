//! Sample events in the format of the original producer: parents and children, generated from a seed.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::model::Timestamp;

/// An event, its bundle and its position in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleEvent {
    /// The bundle's id, which is the parent's.
    pub bundle: Uuid,
    /// 0 for the parent, 1 to N for its children.
    pub position: u32,
    /// The event's JSON.
    pub value: Value,
}

impl SampleEvent {
    /// True for a parent.
    pub fn is_parent(&self) -> bool {
        self.position == 0
    }

    /// `parent` or `child 2`.
    pub fn name(&self) -> String {
        if self.is_parent() { "parent".to_owned() } else { format!("child {}", self.position) }
    }
}

/// Generates sample bundles; the same seed gives the same bundles.
#[derive(Clone, Debug)]
pub struct Generator(fastrand::Rng);

impl Generator {
    /// A generator from a seed.
    pub fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// A parent with `children` children, in this order, all with the time `at`. The times have no zone, as those of the
    /// original producer.
    pub fn bundle(&mut self, children: u32, at: Timestamp) -> Vec<SampleEvent> {
        let bundle = self.uuid();
        let time = at.to_string().trim_end_matches('Z').to_owned();
        let mut events = Vec::new();
        for position in 0..=children {
            let random_value = self.0.u32(1..=1000);
            let value = if position == 0 {
                json!({
                    "id": bundle, "timestamp": time, "random_value": random_value,
                    "description": "Parent event message", "children": children,
                })
            } else {
                json!({
                    "id": self.uuid(), "parent_id": bundle, "position": position, "timestamp": time,
                    "random_value": random_value, "description": "Child event message",
                })
            };
            events.push(SampleEvent { bundle, position, value });
        }
        events
    }

    /// Shuffles events.
    pub fn shuffle<T>(&mut self, events: &mut [T]) {
        self.0.shuffle(events);
    }

    /// A random number in this range.
    pub fn number(&mut self, range: std::ops::RangeInclusive<u32>) -> u32 {
        self.0.u32(range)
    }

    fn uuid(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.0.u128(..).to_le_bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bundles_and_another_seed_others() {
        let bundle = |seed| Generator::new(seed).bundle(2, Timestamp::from_millis(0));
        assert_eq!(bundle(7), bundle(7));
        assert_ne!(bundle(7), bundle(8));
        let names: Vec<String> = bundle(7).iter().map(SampleEvent::name).collect();
        assert_eq!(names, ["parent", "child 1", "child 2"]);
    }
}
