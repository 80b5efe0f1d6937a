//! The check of submissions: each complete bundle once, with every member as it was written.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{Hash as _, Hasher as _};

use sheaf::model::Record;
use sheaf::sim::SampleEvent;
use uuid::Uuid;

/// The expected submissions: a digest of the members of each bundle, independent of their order.
#[derive(Debug, Default)]
pub(crate) struct Expected(HashMap<Uuid, u64>);

/// The number of missing, doubled and wrong submissions.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    missing: usize,
    doubled: usize,
    wrong: usize,
}

impl Expected {
    /// Adds members of bundles that will be complete.
    pub(crate) fn add(&mut self, events: impl Iterator<Item = SampleEvent>) {
        for event in events {
            *self.0.entry(event.bundle).or_default() ^= digest(u64::from(event.position), &event.value);
        }
    }

    /// The number of bundles.
    pub(crate) fn bundles(&self) -> usize {
        self.0.len()
    }

    /// Compares the submissions with the expected ones.
    pub(crate) fn verdict<'a>(&self, submissions: impl Iterator<Item = &'a Record>) -> Verdict {
        let mut verdict = Verdict::default();
        let mut seen = HashSet::new();
        for record in submissions {
            match content(record) {
                Some((bundle, digest)) if self.0.get(&bundle) == Some(&digest) => {
                    if !seen.insert(bundle) {
                        verdict.doubled += 1;
                    }
                }
                Some(_) | None => verdict.wrong += 1,
            }
        }
        verdict.missing = self.bundles() - seen.len();
        verdict
    }
}

impl Verdict {
    /// True if no submission is missing, doubled or wrong.
    pub(crate) fn is_correct(&self) -> bool {
        self.missing + self.doubled + self.wrong == 0
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} submissions are missing, {} doubled, {} wrong", self.missing, self.doubled, self.wrong)
    }
}

/// The bundle of a submission, and the digest of its members at their positions.
fn content(record: &Record) -> Option<(Uuid, u64)> {
    let key = std::str::from_utf8(record.key.as_deref()?).ok()?;
    let value: serde_json::Value = serde_json::from_slice(record.value.as_deref()?).ok()?;
    if value.get("bundle_id")?.as_str()? != key {
        return None;
    }
    let mut all = digest(0, value.get("parent")?);
    for (position, child) in (1..).zip(value.get("children")?.as_array()?) {
        all ^= digest(position, child);
    }
    Some((key.parse().ok()?, all))
}

/// A digest of a member at a position, independent of the order of its fields.
fn digest(position: u64, member: &serde_json::Value) -> u64 {
    let mut fields: Vec<(&str, String)> =
        member.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value.to_string())).collect();
    fields.sort_unstable();
    let mut hasher = DefaultHasher::new();
    (position, fields).hash(&mut hasher);
    hasher.finish()
}
