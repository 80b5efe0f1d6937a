//! Texts that states refer to by a digest: definitions of flows, and scripts.
//!
//! The key of a flow's definition is its digest; that of another processor's text is the name of the processor, `/` and the digest.

use std::collections::BTreeMap;
use std::fmt;

/// The topic `<application>-definitions`, which keeps each text under its digest. A text is never changed and never deleted, so what
/// is found under a digest is the same at any time and on any instance: a step may ask for it.
pub trait Archive: Send + Sync + fmt::Debug {
    /// The text with this digest; `None` if the topic has none. May wait for the broker.
    ///
    /// # Errors
    /// The topic cannot be read; the reason.
    fn find(&self, digest: &str) -> Result<Option<String>, String>;
}

/// Texts by their digests.
pub type Texts = BTreeMap<String, String>;
