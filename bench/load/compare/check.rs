//! Whether the submissions are what the events make: each complete bundle once, with every member as it was written.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{Hash as _, Hasher as _};

use sheaf::model::Record;
use sheaf::sim::SampleEvent;
use uuid::Uuid;

/// What has to come: of each bundle one number that stands for all its members, in any order.
#[derive(Debug, Default)]
pub(crate) struct Expected(HashMap<Uuid, u64>);

/// What came that should not have, or the other way round.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    missing: usize,
    doubled: usize,
    wrong: usize,
}

impl Expected {
    /// Notes the members of bundles that will be complete.
    pub(crate) fn add(&mut self, events: impl Iterator<Item = SampleEvent>) {
        for event in events {
            *self.0.entry(event.bundle).or_default() ^= digest(u64::from(event.position), &event.value);
        }
    }

    /// How many bundles they are.
    pub(crate) fn bundles(&self) -> usize {
        self.0.len()
    }

    /// Compares.
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
    /// True when nothing is missing, doubled or wrong.
    pub(crate) fn is_right(&self) -> bool {
        self.missing + self.doubled + self.wrong == 0
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} submissions are missing, {} doubled, {} wrong", self.missing, self.doubled, self.wrong)
    }
}

/// The bundle of a submission, and the number that stands for its members in their places.
fn content(record: &Record) -> Option<(Uuid, u64)> {
    let key = std::str::from_utf8(record.key.as_deref()?).ok()?;
    let value: serde_json::Value = serde_json::from_slice(record.value.as_deref()?).ok()?;
    if value.get("bundle_id")?.as_str()? != key {
        return None;
    }
    let mut all = digest(0, value.get("parent")?);
    for (place, child) in (1..).zip(value.get("children")?.as_array()?) {
        all ^= digest(place, child);
    }
    Some((key.parse().ok()?, all))
}

/// The order of an object's fields says nothing.
fn digest(place: u64, member: &serde_json::Value) -> u64 {
    let mut fields: Vec<(&str, String)> =
        member.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value.to_string())).collect();
    fields.sort_unstable();
    let mut hasher = DefaultHasher::new();
    (place, fields).hash(&mut hasher);
    hasher.finish()
}
