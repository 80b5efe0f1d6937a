//! A task: one processor on one partition of its inbox, with its store, and what a transaction has changed of it.
//!
//! ```text
//!  Created ──▶ Restoring ──▶ Running ──▶ Suspended ──▶ Closed
//!                  ▲            │            │
//!                  └────────────┴────────────┘   after an abort of unknown outcome; when it is assigned again
//! ```

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::cache::{Cache, Decoded};
use super::dead_letter::Stage;
use super::envelope;
use super::error::{Error, Result};
use super::plan::Plan;
use super::step::{self, Place, Staged};
use super::transaction::{Decision, Transaction};
use crate::codec::{Head, entry};
use crate::model::{ActSlot, Key, Outcome, Record, Reject, TaskId, Timer, TimerKind, Timestamp, TopicPartition};
use crate::processor::Input;
use crate::store::overlay::Overlay;
use crate::store::{self, Store, TimerClock};
use crate::topology::Node;

/// A task of a stream thread.
#[derive(Debug)]
pub(super) struct Task {
    /// Which.
    pub id: TaskId,
    /// Its node in the topology.
    pub node: usize,
    /// Its input.
    pub inbox: TopicPartition,
    /// Its state's log.
    pub changelog: TopicPartition,
    /// Counts up with each time the task is opened here, so that an outcome meant for an earlier owner is told apart.
    pub epoch: u64,
    /// What it is doing.
    pub state: State,
    /// False when the group had no offset for its inbox; then its changelog must be empty.
    pub offset_known: bool,
    /// True when it has decided an act: then it takes no input while the sink is full.
    pub acts: bool,
    /// True when its store is to be thrown away before it is restored.
    pub fresh: bool,
}

/// What a task is doing.
pub(super) enum State {
    /// Assigned; its offsets are not known yet.
    Created,
    /// Its store is with the restorer, which gives up when the token is dropped.
    Restoring(#[expect(dead_code, reason = "held, not read: the restorer watches whether it is still there")] Arc<()>),
    /// It takes input.
    Running(Box<Live>),
    /// Revoked a moment ago; it may come back with the next assignment.
    Suspended(Box<dyn Store>),
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Created => "Created",
            Self::Restoring(_) => "Restoring",
            Self::Running(_) => "Running",
            Self::Suspended(_) => "Suspended",
        })
    }
}

/// The state of a running task.
pub(super) struct Live {
    store: Box<dyn Store>,
    overlay: Overlay,
    cache: Cache,
    /// The offset of the changelog up to which the store has it.
    changelog_next: i64,
    /// The changelog's genesis, or one that the next transaction writes.
    genesis: Genesis,
    /// Not later than the next timer of each clock; `None` when there is none.
    armed: [Option<Timestamp>; 2],
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").field("changelog_next", &self.changelog_next).finish_non_exhaustive()
    }
}

/// Whether the changelog says whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Genesis {
    /// It does.
    Written,
    /// The changelog is empty; the next transaction begins it with this id.
    Due(Uuid),
}

/// The names of a store's positions.
pub(super) mod meta {
    /// The changelog's genesis, as text.
    pub(crate) const GENESIS: &str = "genesis";
    /// The offset of the changelog up to which the store has it, i64 LE.
    pub(crate) const CHANGELOG: &str = "changelog";
    /// When the store was last applied to, milliseconds, i64 LE.
    pub(crate) const APPLIED_AT: &str = "applied_at";
    /// The group's offset of the inbox that belongs to the store's state, i64 LE.
    pub(crate) const INBOX: &str = "inbox";
}

impl Live {
    /// A task whose store has been restored.
    pub(super) fn new(store: Box<dyn Store>, changelog_next: i64, genesis: Genesis) -> store::Result<Self> {
        let mut live = Self {
            store,
            overlay: Overlay::new(),
            cache: Cache::default(),
            changelog_next,
            genesis,
            armed: [None, None],
        };
        live.arm()?;
        Ok(live)
    }

    fn arm(&mut self) -> store::Result<()> {
        let [deadline, delay] = TimerClock::ALL;
        self.armed = [self.store.next_due(deadline)?, self.store.next_due(delay)?];
        Ok(())
    }

    fn arm_for(&mut self, head: &Head) {
        for timer in &head.timers {
            let [deadline, delay] = &mut self.armed;
            let armed = match timer.kind {
                TimerKind::Deadline(_) => deadline,
                TimerKind::Delay(_) => delay,
            };
            *armed = Some(armed.map_or(timer.due, |earlier| earlier.min(timer.due)));
        }
    }

    /// Forgets what has not been committed.
    pub(super) fn roll_back(&mut self) -> store::Result<()> {
        self.overlay.clear();
        self.cache.clear();
        self.arm()
    }

    /// Gives the store back, without what has not been committed.
    pub(super) fn into_store(self) -> Box<dyn Store> {
        self.store
    }

    /// How many entries the store has, about.
    pub(super) fn len_estimate(&self) -> u64 {
        self.store.len_estimate()
    }

    /// Every pending act of the store: what an earlier owner may have begun.
    pub(super) fn pending_acts(&self) -> store::Result<Vec<(Key, ActSlot)>> {
        const PAGE: usize = 1_000;
        let mut all: Vec<(Key, ActSlot)> = Vec::new();
        loop {
            let page = self.store.acts(all.last(), PAGE)?;
            let last = page.len() < PAGE;
            all.extend(page);
            if last {
                return Ok(all);
            }
        }
    }
}

/// Changelog records of a transaction: the entries, and the genesis when it is due.
#[derive(Debug)]
pub(super) struct Changes {
    /// The genesis to be written first.
    pub genesis: Option<Uuid>,
    /// Key and entry bytes; `None` is a tombstone.
    pub entries: Vec<(Key, Option<Bytes>)>,
}

impl Task {
    fn live(&mut self) -> Option<&mut Live> {
        match &mut self.state {
            State::Running(live) => Some(live),
            State::Created | State::Restoring(_) | State::Suspended(_) => None,
        }
    }

    /// True when it takes input.
    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, State::Running(_))
    }

    fn store_error(&self, source: store::Error) -> Error {
        Error::Store { task: self.id.clone(), source }
    }

    /// Not later than when the next timer is due.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let State::Running(live) = &self.state else { return None };
        live.armed.iter().flatten().min().copied()
    }

    /// Steps on a record of the inbox; an input that is not accepted becomes a dead letter.
    pub(super) fn on_record(&mut self, plan: &Plan, record: &Record, txn: &mut Transaction) -> Result<()> {
        let key = Key::from_bytes(record.key.clone().unwrap_or_default());
        let event = match envelope::unwrap(record) {
            Ok(event) => event,
            Err(reject) => {
                txn.dead_letter(plan, record, Stage::Decode, &reject);
                return Ok(());
            }
        };
        let letters = match self.step(plan, &key, Input::Record(event), txn)? {
            Ok(letters) => letters,
            Err(reject) => vec![reject],
        };
        for reject in &letters {
            // The dead letter tells where the event came from, not where the keying step put it.
            let source = envelope::unwrap(record).map_or_else(|_| record.clone(), |event| event.record);
            txn.dead_letter(plan, &source, Stage::Process(self.id.processor.clone()), reject);
        }
        Ok(())
    }

    /// Steps on the outcome of an act. Of an outcome that the step rejects, the act is forgotten and the entry's key
    /// goes to the dead letters.
    pub(super) fn on_outcome(&mut self, plan: &Plan, key: &Key, outcome: Outcome, txn: &mut Transaction) -> Result<()> {
        let slot = outcome.slot;
        let letters = match self.step(plan, key, Input::Outcome(outcome), txn)? {
            Ok(letters) => letters,
            Err(reject) => {
                self.let_go(plan, key, txn, |head| head.acts.retain(|act| act.slot != slot))?;
                vec![reject]
            }
        };
        self.letters_without_record(plan, key, &letters, txn);
        Ok(())
    }

    /// Fires up to `limit` timers that are due; returns how many. A timer is looked for through the overlay, so one that
    /// this transaction has taken back does not fire.
    pub(super) fn fire(&mut self, plan: &Plan, limit: usize, txn: &mut Transaction) -> Result<usize> {
        let now = txn.now;
        let mut fired = 0;
        for (at, clock) in TimerClock::ALL.into_iter().enumerate() {
            let Some(live) = self.live() else { return Ok(0) };
            if live.armed.get(at).copied().flatten().is_none_or(|due| due > now) {
                continue;
            }
            let due = live.overlay.due(&*live.store, clock, now, limit).map_err(|source| self.store_error(source))?;
            if due.is_empty() {
                self.rearm(at, clock)?;
            }
            for (key, timer) in due {
                // The step of a timer before it in the list may have taken it back.
                if self.live().is_some_and(|live| live.overlay.is_scheduled(&key, &timer)) {
                    self.on_timer(plan, &key, timer, txn)?;
                    fired += 1;
                }
            }
        }
        Ok(fired)
    }

    /// After the last due timer: armed for the next one of the store, or of the overlay.
    fn rearm(&mut self, at: usize, clock: TimerClock) -> Result<()> {
        let Some(live) = self.live() else { return Ok(()) };
        let end = Timestamp::from_millis(i64::MAX);
        let next = live.overlay.due(&*live.store, clock, end, 1).map_err(|source| self.store_error(source))?;
        let next = next.first().map(|(_, timer)| timer.due);
        if let Some(armed) = self.live().and_then(|live| live.armed.get_mut(at)) {
            *armed = next;
        }
        Ok(())
    }

    fn on_timer(&mut self, plan: &Plan, key: &Key, timer: Timer, txn: &mut Transaction) -> Result<()> {
        let letters = match self.step(plan, key, Input::Timer(timer.kind), txn)? {
            Ok(letters) => letters,
            Err(reject) => {
                self.let_go(plan, key, txn, |head| head.timers.retain(|other| other.kind != timer.kind))?;
                vec![reject]
            }
        };
        self.letters_without_record(plan, key, &letters, txn);
        txn.input();
        Ok(())
    }

    /// Dead letters of inputs that are not records: the key stands for the entry.
    fn letters_without_record(&self, plan: &Plan, key: &Key, letters: &[Reject], txn: &mut Transaction) {
        for reject in letters {
            let record = Record {
                source: self.inbox.clone(),
                offset: -1,
                timestamp: txn.now,
                key: Some(key.bytes()),
                value: None,
                headers: crate::model::Headers::new(),
            };
            txn.dead_letter(plan, &record, Stage::Process(self.id.processor.clone()), reject);
        }
    }

    /// Runs one step and stores what it comes to in the overlay and in the transaction. The inner value is the dead
    /// letters that the step asks for, or why it rejects the input; then nothing has changed.
    fn step(
        &mut self,
        plan: &Plan,
        key: &Key,
        input: Input,
        txn: &mut Transaction,
    ) -> Result<std::result::Result<Vec<Reject>, Reject>> {
        let node = node(plan, self.node)?;
        self.load(node, key)?;
        let id = self.id.clone();
        let Some(live) = self.live() else { return Ok(Ok(Vec::new())) };
        let place = Place { plan, node, task: &id, key, now: txn.now };
        let current = live.cache.get(key);
        let staged = match step::stage(place, current, input)? {
            Ok(staged) => staged,
            Err(reject) => return Ok(Err(reject)),
        };
        let old_head = current.map(|current| current.head.clone());
        *txn.stepped.entry(id.processor.clone()).or_default() += 1;
        let Staged { entry, outputs, acts, counts, alerts, letters } = staged;
        self.store(key, old_head, entry);
        txn.collect(outputs, counts, alerts);
        for act in acts {
            let (task, epoch, key) = (self.id.clone(), self.epoch, key.clone());
            self.acts = true;
            txn.acts.push(Decision { task, epoch, key, act, decided_at: txn.uptime });
        }
        Ok(Ok(letters))
    }

    fn store(&mut self, key: &Key, old_head: Option<Head>, entry: Option<(Decoded, Bytes)>) {
        let Some(live) = self.live() else { return };
        if let Some((decoded, bytes)) = entry {
            live.arm_for(&decoded.head);
            live.overlay.put(key.clone(), old_head.as_ref(), decoded.head.clone(), bytes);
            live.cache.put(key, decoded);
        } else {
            if let Some(old_head) = old_head {
                live.overlay.delete(key.clone(), Some(&old_head));
            }
            live.cache.remove(key);
        }
    }

    /// Takes a timer or an act out of an entry whose step would not.
    fn let_go(&mut self, plan: &Plan, key: &Key, txn: &Transaction, change: impl FnOnce(&mut Head)) -> Result<()> {
        let node = node(plan, self.node)?;
        self.load(node, key)?;
        let id = self.id.clone();
        let Some(live) = self.live() else { return Ok(()) };
        let Some(current) = live.cache.get(key) else { return Ok(()) };
        let mut head = current.head.clone();
        change(&mut head);
        let place = Place { plan, node, task: &id, key, now: txn.now };
        // An entry that was stored before is not too large for its topic with less in it.
        if let Ok(bytes) = step::encode(place, &head, &current.body) {
            let old = current.head.clone();
            live.overlay.put(key.clone(), Some(&old), head, bytes);
            live.cache.remove(key);
        }
        Ok(())
    }

    /// Brings an entry into the cache, from the overlay or from the store.
    fn load(&mut self, node: &Node, key: &Key) -> Result<()> {
        let Some(live) = self.live() else { return Ok(()) };
        if live.cache.get(key).is_some() {
            return Ok(());
        }
        let bytes = match live.overlay.get(&*live.store, key) {
            Ok(bytes) => bytes,
            Err(source) => return Err(self.store_error(source)),
        };
        let Some(bytes) = bytes else { return Ok(()) };
        let decoded = entry::decode(&bytes).and_then(|entry| {
            let body = node.processor.decode(&entry)?;
            Ok(Decoded { head: entry.head, body })
        });
        match decoded {
            Ok(decoded) => {
                live.cache.put(key, decoded);
                Ok(())
            }
            Err(source) => Err(Error::Entry { task: self.id.clone(), key: key.to_string(), source }),
        }
    }

    /// What the transaction has changed, for the changelog; `None` when it has changed nothing here.
    pub(super) fn changes(&self) -> Option<Changes> {
        let State::Running(live) = &self.state else { return None };
        if live.overlay.is_empty() {
            return None;
        }
        let genesis = match live.genesis {
            Genesis::Written => None,
            Genesis::Due(id) => Some(id),
        };
        let entries = live.overlay.changed().map(|(key, bytes)| (key.clone(), bytes.cloned())).collect();
        Some(Changes { genesis, entries })
    }

    /// Duty 8: applies what the transaction has changed, with the positions that belong to it, in one batch.
    pub(super) fn apply(&mut self, changelog_next: Option<i64>, inbox_next: i64, now: Timestamp) -> Result<()> {
        let Some(live) = self.live() else { return Ok(()) };
        if live.overlay.is_empty() {
            return Ok(());
        }
        if let Some(next) = changelog_next {
            live.changelog_next = next;
        }
        let mut positions = vec![
            (meta::CHANGELOG.to_owned(), live.changelog_next.to_le_bytes().to_vec()),
            (meta::INBOX.to_owned(), inbox_next.to_le_bytes().to_vec()),
            (meta::APPLIED_AT.to_owned(), now.as_millis().to_le_bytes().to_vec()),
        ];
        if let Genesis::Due(id) = live.genesis {
            positions.push((meta::GENESIS.to_owned(), id.to_string().into_bytes()));
            live.genesis = Genesis::Written;
        }
        let batch = live.overlay.batch(positions);
        live.overlay.clear();
        live.store.apply(&batch).map_err(|source| self.store_error(source))
    }

    /// The pending act of a slot, when the entry has one.
    pub(super) fn pending(&mut self, plan: &Plan, key: &Key, slot: ActSlot) -> Result<Option<crate::model::Act>> {
        self.load(node(plan, self.node)?, key)?;
        let Some(live) = self.live() else { return Ok(None) };
        let head = live.cache.get(key).map(|entry| &entry.head);
        Ok(head.and_then(|head| head.acts.iter().find(|act| act.slot == slot).cloned()))
    }
}

/// The changelog partition of a task.
pub(super) fn changelog(plan: &Plan, node: usize, partition: i32) -> Result<TopicPartition> {
    let topics = plan.nodes.get(node).ok_or_else(|| no_node(node))?;
    Ok(TopicPartition::new(&topics.changelog, partition))
}

fn no_node(at: usize) -> Error {
    Error::Thread { thread: "stream".to_owned(), detail: format!("the topology has no node {at}") }
}

/// A node of the topology.
pub(super) fn node(plan: &Plan, at: usize) -> Result<&Node> {
    plan.topology.nodes.get(at).ok_or_else(|| no_node(at))
}
