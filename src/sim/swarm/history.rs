//! The check of the history: each event that was processed is in it once.

use std::collections::BTreeMap;

use serde_json::Value;

use super::run::Run;
use crate::config::ProcessingGuarantee;

impl Run {
    /// Each record of a source but the poison has one record in the history, and nothing else has.
    pub(super) fn check_history(&self) -> Vec<String> {
        if !self.plan.history {
            return Vec::new();
        }
        let plan = self.world.plan();
        let mut steps: BTreeMap<String, u32> = BTreeMap::new();
        for record in self.world.broker().committed_records(&plan.history) {
            let value: Value = serde_json::from_slice(record.value.as_deref().unwrap_or_default()).unwrap_or_default();
            let input = value.get("input").cloned().unwrap_or_default();
            if let Some(source) = input.get("source").and_then(Value::as_str) {
                *steps.entry(source.to_owned()).or_default() += 1;
            }
        }
        let mut violations = Vec::new();
        for source in &plan.topology.sources {
            for record in self.world.broker().committed_records(&source.topic) {
                let is_poison = record.value.as_ref().is_some_and(|value| self.poison.contains(value));
                let place = format!("{}@{}", record.source, record.offset);
                let steps = steps.remove(&place).unwrap_or(0);
                let may_repeat = self.plan.guarantee == ProcessingGuarantee::AtLeastOnce && steps > 1;
                if steps != u32::from(!is_poison) && !may_repeat {
                    violations.push(format!("{place} has {steps} steps in the history"));
                }
            }
        }
        violations.extend(steps.keys().map(|place| format!("{place} is in the history and in no source")));
        violations
    }
}
