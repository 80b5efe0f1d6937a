//! The definitions of an application: the newest of each name for flows that begin, former ones for those that have begun.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::definition::{Definition, Digest};
use crate::model::{Reject, RejectReason};

/// Where definitions are found that this process does not have: those of another instance, whose file is newer.
pub trait Archive: Send + Sync + fmt::Debug {
    /// The definition with this digest; `None` if there is none. It is the same whenever it is asked for.
    fn find(&self, digest: Digest) -> Result<Option<Definition>, String>;
}

/// The definitions of an application.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    newest: BTreeMap<Arc<str>, Arc<Definition>>,
    known: Arc<RwLock<BTreeMap<Digest, Arc<Definition>>>>,
    archive: Option<Arc<dyn Archive>>,
}

impl Definitions {
    /// These definitions, by which flows begin.
    pub fn new(newest: impl IntoIterator<Item = Definition>) -> Self {
        let newest: BTreeMap<Arc<str>, Arc<Definition>> =
            newest.into_iter().map(|it| (Arc::clone(&it.name), Arc::new(it))).collect();
        let known = newest.values().map(|it| (it.digest, Arc::clone(it))).collect();
        Self { newest, known: Arc::new(RwLock::new(known)), archive: None }
    }

    /// The same definitions, with former ones, and where others are found.
    #[must_use]
    pub fn with_archive(self, former: impl IntoIterator<Item = Definition>, archive: impl Archive + 'static) -> Self {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for definition in former {
            known.entry(definition.digest).or_insert_with(|| Arc::new(definition));
        }
        drop(known);
        Self { archive: Some(Arc::new(archive)), ..self }
    }

    /// The definitions by which flows begin, by name.
    pub fn newest(&self) -> impl Iterator<Item = &Arc<Definition>> {
        self.newest.values()
    }

    /// All that are known, also former ones.
    pub fn all(&self) -> Vec<Arc<Definition>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The definition of this name, by which a flow begins.
    pub fn named(&self, name: &str) -> Option<&Arc<Definition>> {
        self.newest.get(name)
    }

    /// The only one, if there is one only.
    pub fn only(&self) -> Option<&Arc<Definition>> {
        self.newest.values().next().filter(|_| self.newest.len() == 1)
    }

    /// A definition that is known.
    pub fn known(&self, digest: Digest) -> Option<Arc<Definition>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned()
    }

    /// The definition with which a flow has begun. One that is not known is looked up in the archive: a digest has one content, so
    /// a step stays a function of its inputs.
    pub fn of(&self, digest: Digest) -> Result<Arc<Definition>, Reject> {
        if let Some(known) = self.known(digest) {
            return Ok(known);
        }
        let missing = |why: &str| {
            let detail = format!("the definition {digest} with which the flow has begun {why}");
            Reject::new(RejectReason::Unreadable, detail)
        };
        let Some(archive) = &self.archive else { return Err(missing("is not known here")) };
        let found = archive.find(digest).map_err(|why| missing(&format!("could not be read: {why}")))?;
        let found = Arc::new(found.ok_or_else(|| missing("is not in the definitions topic of the application"))?);
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(digest, Arc::clone(&found));
        Ok(found)
    }

    /// The definition with this number in statuses ([`Digest::number`]).
    pub(super) fn numbered(&self, number: u32) -> Option<Arc<Definition>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.values().find(|definition| definition.digest.number() == number).cloned()
    }
}
