//! The definitions of an application: the newest of each name for flows that begin, former ones for those that have begun.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::definition::{Definition, Digest, Form, TASK_WORDS};
use crate::model::{Reject, RejectReason};
use crate::processor::archive::{Archive, Texts};

/// Reads a definition of this form and name from its text. The error tells why it cannot.
pub type Compile = fn(Form, &str, &str) -> Result<Definition, String>;

/// The definitions of an application.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    newest: BTreeMap<Arc<str>, Arc<Definition>>,
    known: Arc<RwLock<Known>>,
    compile: Option<Compile>,
    archive: Arc<OnceLock<Arc<dyn Archive>>>,
}

/// What is known: also former definitions.
#[derive(Debug, Default)]
struct Known {
    by_digest: BTreeMap<Digest, Arc<Definition>>,
    /// The types of messages that their flows know.
    kinds: BTreeSet<Arc<str>>,
}

/// A definition in the archive.
#[derive(Serialize, Deserialize)]
struct Stored {
    form: Form,
    name: String,
    text: String,
}

impl Known {
    fn insert(&mut self, definition: Arc<Definition>) {
        self.kinds.insert(Arc::clone(&definition.start));
        self.kinds.extend(definition.awaited().cloned());
        if !definition.queues().is_empty() {
            self.kinds.extend(TASK_WORDS.map(Arc::from));
        }
        self.by_digest.insert(definition.digest, definition);
    }
}

impl Definitions {
    /// These definitions, by which flows begin.
    pub fn new(newest: impl IntoIterator<Item = Definition>) -> Self {
        let newest: BTreeMap<Arc<str>, Arc<Definition>> =
            newest.into_iter().map(|it| (Arc::clone(&it.name), Arc::new(it))).collect();
        let mut known = Known::default();
        for definition in newest.values() {
            known.insert(Arc::clone(definition));
        }
        Self { newest, known: Arc::new(RwLock::new(known)), compile: None, archive: Arc::default() }
    }

    /// The same definitions, with what reads former ones.
    #[must_use]
    pub fn with_compiler(self, compile: Compile) -> Self {
        Self { compile: Some(compile), ..self }
    }

    /// The texts of those by which flows begin, for the archive.
    pub(super) fn texts(&self) -> Texts {
        let text = |definition: &Arc<Definition>| {
            let Definition { form, name, text, digest, .. } = &**definition;
            let stored = Stored { form: *form, name: name.to_string(), text: text.to_string() };
            // Texts always serialize.
            (digest.to_string(), serde_json::to_string(&stored).unwrap_or_default())
        };
        self.newest.values().map(text).collect()
    }

    /// Takes former definitions, and where others are found. One that cannot be read is left out: its flows are rejected.
    pub(super) fn learn(&self, texts: &Texts, archive: Arc<dyn Archive>) -> Vec<String> {
        // It is attached once; a second start of the same application has the same one.
        let (Ok(()) | Err(_)) = self.archive.set(archive);
        let mut unreadable = Vec::new();
        // Those with a name before the digest are of another processor.
        let are_new = |(key, _): &(&String, &String)| {
            !key.contains('/') && Digest::parse(key).is_none_or(|digest| self.known(digest).is_none())
        };
        for (digest, text) in texts.iter().filter(are_new) {
            match self.compiled(text) {
                Ok(definition) => self.write().insert(Arc::new(definition)),
                Err(why) => unreadable.push(format!("{digest}: {why}")),
            }
        }
        unreadable
    }

    fn compiled(&self, stored: &str) -> Result<Definition, String> {
        let compile = self.compile.ok_or("nothing reads definitions here")?;
        let Stored { form, name, text } = serde_json::from_str(stored).map_err(|error| error.to_string())?;
        compile(form, &name, &text)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The definitions by which flows begin, by name.
    pub fn newest(&self) -> impl Iterator<Item = &Arc<Definition>> {
        self.newest.values()
    }

    /// Their names, for people.
    pub fn names(&self) -> String {
        self.newest.keys().map(|name| &**name).collect::<Vec<_>>().join(", ")
    }

    /// The topics to which tasks of all that are known are sent, without repetitions.
    pub fn queues(&self) -> BTreeSet<Arc<str>> {
        self.read().by_digest.values().flat_map(|definition| definition.queues().into_iter().cloned()).collect()
    }

    /// All that are known, also former ones.
    pub fn all(&self) -> Vec<Arc<Definition>> {
        self.read().by_digest.values().cloned().collect()
    }

    /// True for a type of messages that flows know.
    pub(super) fn knows(&self, kind: &str) -> bool {
        self.read().kinds.contains(kind)
    }

    /// The types of messages that flows know.
    pub(super) fn kinds(&self) -> Vec<Arc<str>> {
        self.read().kinds.iter().cloned().collect()
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
        self.read().by_digest.get(&digest).cloned()
    }

    /// The definition with which a flow has begun. One that is not known, as of an instance with a newer file, is looked up in the
    /// archive.
    pub fn of(&self, digest: Digest) -> Result<Arc<Definition>, Reject> {
        if let Some(known) = self.known(digest) {
            return Ok(known);
        }
        let missing = |why: &str| {
            let detail = format!("the definition {digest} with which the flow has begun {why}");
            Reject::new(RejectReason::Unreadable, detail)
        };
        let Some(archive) = self.archive.get() else { return Err(missing("is not known here")) };
        let found = archive.find(&digest.to_string()).map_err(|why| missing(&format!("could not be read: {why}")))?;
        let text = found.ok_or_else(|| missing("is not in the definitions topic of the application"))?;
        let definition =
            self.compiled(&text).map_err(|why| missing(&format!("cannot be read by this version: {why}")))?;
        let definition = Arc::new(definition);
        self.write().insert(Arc::clone(&definition));
        Ok(definition)
    }

    /// The definition with this number in statuses ([`Digest::number`]).
    pub(super) fn numbered(&self, number: u32) -> Option<Arc<Definition>> {
        self.read().by_digest.values().find(|definition| definition.digest.number() == number).cloned()
    }
}
