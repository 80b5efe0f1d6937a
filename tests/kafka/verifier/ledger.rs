//! One account for each bundle: its events, its outputs, and the outputs that are still missing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use super::audit::Audit;

/// A correct submission.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checked {
    pub(super) partition: i32,
    /// The time at which the bundle's last member was written, in ms.
    pub(super) complete_at_ms: i64,
    pub(super) seen_ms: i64,
}

#[derive(Debug, Default)]
struct Account {
    parent: Option<Value>,
    children: BTreeMap<u64, Value>,
    last_at_ms: i64,
    /// All members have arrived, and were compared with the submission if there is one.
    complete: bool,
    /// A submission that was read before the members: the topics are read one after another.
    waiting: Option<(Value, (i32, i64))>,
    submissions: u32,
    outcomes: u32,
    folders: u64,
}

/// All accounts. A correct bundle is closed and takes 16 bytes from then on, so that later duplicates are found.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    open: BTreeMap<Uuid, Account>,
    settled: BTreeSet<Uuid>,
    doubled: u64,
    wrong: Vec<String>,
    alerts: BTreeMap<String, u64>,
    dead_letters: u64,
    checked: Vec<Checked>,
}

impl Ledger {
    /// A parent event: its `id`, and its number of `children`.
    pub(super) fn parent(&mut self, value: &[u8], at_ms: i64) {
        let Some((value, id)) = event(value, "id") else { return };
        self.member(id, at_ms, |account| {
            account.parent.get_or_insert(value);
        });
    }

    /// A child event: `parent_id` and its `position`.
    pub(super) fn child(&mut self, value: &[u8], at_ms: i64) {
        let Some((value, id)) = event(value, "parent_id") else { return };
        let Some(position) = value["position"].as_u64() else { return };
        self.member(id, at_ms, |account| {
            account.children.entry(position).or_insert(value);
        });
    }

    fn member(&mut self, id: Uuid, at_ms: i64, enter: impl FnOnce(&mut Account)) {
        if self.settled.contains(&id) {
            return; // A duplicate: it must not have outputs.
        }
        let account = self.open.entry(id).or_default();
        if account.complete {
            return;
        }
        enter(account);
        account.last_at_ms = account.last_at_ms.max(at_ms);
        let expected = account.parent.as_ref().and_then(|parent| parent["children"].as_u64());
        account.complete = expected.is_some_and(|count| (1..=count).all(|at| account.children.contains_key(&at)));
        self.compare(id);
    }

    /// A submission, with its partition and the time at which it was read.
    pub(super) fn submission(&mut self, key: Option<&[u8]>, value: &[u8], seen: (i32, i64)) {
        let Some((value, id)) = event(value, "bundle_id") else {
            self.wrong.push(format!("a submission that is none: {}", String::from_utf8_lossy(value)));
            return;
        };
        if key != Some(id.to_string().as_bytes()) {
            self.wrong.push(format!("{id}: the submission's key is another: {key:?}"));
        }
        let Some(account) = self.account(id, "submission") else { return };
        account.submissions += 1;
        if account.submissions > 1 {
            self.double(id, "submission");
            return;
        }
        account.waiting = Some((value, seen));
        self.compare(id);
    }

    /// Compares a submission with the members once both have arrived, and drops both.
    fn compare(&mut self, id: Uuid) {
        let Some(account) = self.open.get_mut(&id).filter(|account| account.complete) else { return };
        let Some((submission, (partition, seen_ms))) = account.waiting.take() else { return };
        let members: Vec<Value> = std::mem::take(&mut account.children).into_values().collect();
        let parent = account.parent.take().unwrap_or_default();
        self.checked.push(Checked { partition, complete_at_ms: account.last_at_ms, seen_ms });
        if submission["parent"] != parent || submission["children"] != Value::from(members) {
            self.wrong.push(format!("{id}: the submission holds other members than the topics: {submission}"));
        }
    }

    /// The outcome of a delivery.
    pub(super) fn outcome(&mut self, key: Option<&[u8]>, value: &[u8]) {
        let Some((value, id)) = event(value, "bundle_id") else {
            self.wrong.push(format!("an outcome that is none: {key:?}"));
            return;
        };
        if value["outcome"] != "submitted" {
            self.wrong.push(format!("{id}: the delivery ended otherwise: {value}"));
        }
        let Some(account) = self.account(id, "outcome") else { return };
        account.outcomes += 1;
        if account.outcomes > 1 {
            self.double(id, "outcome");
        }
    }

    /// An alert, counted by bundle and kind.
    pub(super) fn alert(&mut self, key: Option<&[u8]>, value: &[u8]) {
        let value: Value = serde_json::from_slice(value).unwrap_or_default();
        let kind = value["kind"].as_str().unwrap_or("unknown");
        let key = String::from_utf8_lossy(key.unwrap_or_default()).into_owned();
        *self.alerts.entry(format!("{kind} {key}")).or_default() += 1;
    }

    /// A dead letter; the input of the load has none.
    pub(super) fn dead_letter(&mut self, _key: Option<&[u8]>, _value: &[u8]) {
        self.dead_letters += 1;
    }

    /// The number of complete bundles without their submission or its outcome.
    pub(super) fn pending(&self) -> usize {
        let lacks = |account: &&Account| account.complete && (account.submissions == 0 || account.outcomes == 0);
        self.open.values().filter(lacks).count()
    }

    /// The number of different alerts.
    pub(super) fn alerts(&self) -> usize {
        self.alerts.len()
    }

    /// The correct submissions since the last call.
    pub(super) fn take_checked(&mut self) -> Vec<Checked> {
        std::mem::take(&mut self.checked)
    }

    /// The account of a bundle with an output; `None`, with a finding, if it was settled before.
    fn account(&mut self, id: Uuid, what: &str) -> Option<&mut Account> {
        if self.settled.contains(&id) {
            self.double(id, what);
            return None;
        }
        Some(self.open.entry(id).or_default())
    }

    fn double(&mut self, id: Uuid, what: &str) {
        self.doubled += 1;
        self.wrong.push(format!("{id}: a second {what}"));
    }

    /// Compares with Control-M's folders since the last audit, closes correct accounts, and returns the others.
    pub(super) fn audit(&mut self, folders: &BTreeMap<String, u64>) -> Audit {
        for (name, submits) in folders {
            let Some(id) = name.strip_prefix("folder-").and_then(|id| id.parse().ok()) else {
                self.wrong.push(format!("a folder of no bundle: {name}"));
                continue;
            };
            let Some(account) = self.account(id, "folder") else { continue };
            account.folders += submits;
            if account.folders > 1 {
                self.double(id, "folder");
            }
        }
        let mut audit = Audit::default();
        for (id, account) in &self.open {
            let out = [u64::from(account.submissions), u64::from(account.outcomes), account.folders];
            match account.complete {
                true if out.iter().all(|count| *count > 0) => {
                    self.settled.insert(*id);
                }
                true => audit.lost.push(format!("{id}: submissions, outcomes, folders: {out:?}")),
                false if out.iter().any(|count| *count > 0) => {
                    audit.early.push(format!("{id}: submissions, outcomes, folders: {out:?}"));
                }
                false => audit.open += 1,
            }
        }
        self.open.retain(|id, _| !self.settled.contains(id));
        audit.settled = u64::try_from(self.settled.len()).unwrap_or(u64::MAX);
        audit.doubled = self.doubled;
        audit.wrong.clone_from(&self.wrong);
        audit.alerts.clone_from(&self.alerts);
        audit.dead_letters = self.dead_letters;
        audit
    }
}

/// A JSON object and the bundle that it names in this field.
fn event(value: &[u8], field: &str) -> Option<(Value, Uuid)> {
    let value: Value = serde_json::from_slice(value).ok()?;
    let id = value[field].as_str()?.parse().ok()?;
    Some((value, id))
}
