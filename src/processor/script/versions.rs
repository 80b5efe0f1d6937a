//! The script of today, and those with which threads have begun.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::engine::{Answered, Code, Limits, Realm, Topics};
use crate::model::{Reject, RejectReason, Topic};
use crate::processor::Learned;
use crate::processor::archive::{Archive, Texts};
use crate::processor::flow::Digest;

/// What the keys of scripts in the archive begin with, which flows share.
const PREFIX: &str = "script/";

/// A script that can be run.
#[derive(Clone, Debug)]
pub struct Script {
    /// The hash of its text.
    pub digest: Digest,
    /// Its name, and its text as it was written.
    pub source: Source,
    /// What runs.
    pub code: Code,
    /// The topics that it may write to: those that it has declared.
    pub topics: Vec<String>,
}

/// The text of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The name of its file.
    pub name: String,
    /// The text.
    pub text: String,
}

impl Script {
    /// Reads a script, and runs its module-level code, which declares the topics.
    pub fn new(name: &str, text: &str) -> Result<Self, String> {
        let code = Code::new(name, text).map_err(|mistake| mistake.to_string())?;
        let realm = Realm::new(&code, Limits::default(), &Answered::new());
        let topics = realm.and_then(|realm| realm.topics());
        let Topics { outputs, ends } = topics.map_err(|failure| format!("{name}: {failure}"))?;
        if let Some(topic) = outputs.iter().find(|topic| !Topic::is_legal(topic)) {
            return Err(format!(
                "{name}: `{topic}` in W.config.outputTopics is no name of a topic: it has 1 to 249 letters, digits, `.`, `_` and `-`"
            ));
        }
        if let Some(topic) = ends.iter().find(|topic| !outputs.contains(topic)) {
            return Err(format!(
                "{name}: results or errors go to the topic `{topic}`, which is not declared: add it to W.config.outputTopics"
            ));
        }
        let source = Source { name: name.to_owned(), text: text.to_owned() };
        Ok(Self { digest: Digest::of(text), source, code, topics: outputs })
    }
}

/// The scripts of an application.
#[derive(Clone)]
pub struct Versions {
    newest: Arc<Script>,
    known: Arc<RwLock<BTreeMap<Digest, Arc<Script>>>>,
    /// The topics that the node has as outputs: those of all scripts that were known at the start.
    wired: Arc<RwLock<BTreeSet<String>>>,
    archive: Arc<OnceLock<Arc<dyn Archive>>>,
}

impl Versions {
    /// The script by which threads begin.
    pub fn new(newest: Script) -> Self {
        let newest = Arc::new(newest);
        let known = BTreeMap::from([(newest.digest, Arc::clone(&newest))]);
        let wired = newest.topics.iter().cloned().collect();
        Self {
            newest,
            known: Arc::new(RwLock::new(known)),
            wired: Arc::new(RwLock::new(wired)),
            archive: Arc::default(),
        }
    }

    /// The script by which threads begin.
    pub fn newest(&self) -> Arc<Script> {
        Arc::clone(&self.newest)
    }

    /// True if records to this topic can be written here.
    pub(super) fn is_wired(&self, topic: &str) -> bool {
        self.wired.read().unwrap_or_else(PoisonError::into_inner).contains(topic)
    }

    /// The script with this digest, if it is known already.
    pub(super) fn known(&self, digest: Digest) -> Option<Arc<Script>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned()
    }

    /// The script with this digest, with which a thread has begun. One that is not known, as of an instance with a newer file, is looked up in the archive.
    pub(super) fn of(&self, digest: Digest) -> Result<Arc<Script>, Reject> {
        let missing = |why: &str| {
            Reject::new(
                RejectReason::Unreadable,
                format!("the script {digest}, with which the thread has begun, {why}"),
            )
        };
        if let Some(script) = self.known(digest) {
            return Ok(script);
        }
        let Some(archive) = self.archive.get() else { return Err(missing("is not known here")) };
        let found = archive.find(&stored_as(digest)).map_err(|why| missing(&format!("could not be read: {why}")))?;
        let stored = found.ok_or_else(|| missing("is in no topic"))?;
        let script = Arc::new(compiled(&stored).map_err(|why| missing(&format!("cannot be run: {why}")))?);
        self.insert(Arc::clone(&script));
        Ok(script)
    }

    pub(super) fn texts(&self) -> Texts {
        // Texts always serialize.
        let text = serde_json::to_string(&self.newest.source).unwrap_or_default();
        Texts::from([(stored_as(self.newest.digest), text)])
    }

    pub(super) fn learn(&self, texts: &Texts, archive: Arc<dyn Archive>) -> Learned {
        // It is attached once; a second start of the same application has the same one.
        let (Ok(()) | Err(_)) = self.archive.set(archive);
        let mut learned = Learned { outputs: self.newest.topics.clone(), unreadable: Vec::new() };
        let own = stored_as(self.newest.digest);
        for (digest, text) in texts.iter().filter(|(key, _)| key.starts_with(PREFIX) && **key != own) {
            match compiled(text) {
                Ok(script) => {
                    learned.outputs.extend(script.topics.iter().cloned());
                    self.insert(Arc::new(script));
                }
                Err(why) => learned.unreadable.push(format!("{digest}: {why}")),
            }
        }
        learned.outputs.sort_unstable();
        learned.outputs.dedup();
        self.wired.write().unwrap_or_else(PoisonError::into_inner).extend(learned.outputs.iter().cloned());
        learned
    }

    fn insert(&self, script: Arc<Script>) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(script.digest, script);
    }
}

/// The key of a script in the archive.
fn stored_as(digest: Digest) -> String {
    format!("{PREFIX}{digest}")
}

fn compiled(stored: &str) -> Result<Script, String> {
    let Source { name, text } = serde_json::from_str(stored).map_err(|error| error.to_string())?;
    Script::new(&name, &text)
}

/// Equal if threads begin with the same script.
impl PartialEq for Versions {
    fn eq(&self, other: &Self) -> bool {
        self.newest.digest == other.newest.digest
    }
}

impl Eq for Versions {}

impl fmt::Debug for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Versions").field(&self.newest.source.name).finish()
    }
}
