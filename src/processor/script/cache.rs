//! Realms of threads that wait, so that a step need not run all before it again.
//!
//! A realm is valid if the chain that it has come to is the chain of the state. A transaction that was aborted, a partition that came back, a thread that
//! was run elsewhere meanwhile: the chain differs, and the thread is run again from its inputs. So nothing has to tell the cache of any of it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use super::engine::Realm;
use super::thread::Thread;
use crate::model::Key;
use crate::processor::flow::Digest;

/// What a realm is found by: a thread of a script.
type Name = (Key, Digest);

/// The realms, by the order in which they were used.
#[derive(Default)]
struct Cache {
    realms: HashMap<Name, Held>,
    /// The names by the time of their last use.
    used: BTreeMap<u64, Name>,
    clock: u64,
    bytes: usize,
}

struct Held {
    chain: [u8; 16],
    realm: Realm,
    used: u64,
    bytes: usize,
}

thread_local! {
    /// A realm belongs to the thread of the system that has made it.
    static CACHE: RefCell<Cache> = RefCell::default();
}

impl Cache {
    fn take(&mut self, name: &Name) -> Option<Held> {
        let held = self.realms.remove(name)?;
        self.used.remove(&held.used);
        self.bytes = self.bytes.saturating_sub(held.bytes);
        Some(held)
    }

    fn put(&mut self, name: Name, chain: [u8; 16], realm: Realm, most: usize) {
        self.clock += 1;
        let (used, bytes) = (self.clock, realm.bytes());
        self.take(&name);
        self.bytes = self.bytes.saturating_add(bytes);
        self.used.insert(used, name.clone());
        self.realms.insert(name, Held { chain, realm, used, bytes });
        while self.bytes > most
            && let Some((_, oldest)) = self.used.first_key_value().map(|(used, name)| (*used, name.clone()))
        {
            self.take(&oldest);
        }
    }
}

/// The realm of a thread as it stands, if it is held. It is held no more: a step that fails spoils it.
pub(super) fn take(key: &Key, thread: &Thread) -> Option<Realm> {
    let held = CACHE.with_borrow_mut(|cache| cache.take(&(key.clone(), thread.code)))?;
    (held.chain == thread.chain).then_some(held.realm)
}

/// Holds the realm of a thread as it stands after a step, and drops those that have not been used for the longest time until all of them take no more than `most`
/// bytes.
pub(super) fn put(key: &Key, thread: &Thread, realm: Realm, most: usize) {
    CACHE.with_borrow_mut(|cache| cache.put((key.clone(), thread.code), thread.chain, realm, most));
}
