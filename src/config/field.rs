//! What a field is: the settings are read by these rows, and `docs/configuration.md` is made from them.

/// One field of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its keys from the root, with dots.
    pub path: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What it is when nothing is set, as it would be written.
    pub default: Default,
    /// What it means, for the reference page.
    pub doc: &'static str,
}

impl Field {
    /// The variable that sets it: `SHEAF_CONTROL_M__API_KEY`.
    pub fn variable(&self) -> String {
        format!("SHEAF_{}", self.path.replace('.', "__").to_uppercase())
    }
}

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A name that Kafka takes in topics and groups.
    Name,
    /// A text or a reference to a secret.
    Reference,
    /// A whole number between these, both included.
    Integer(i64, i64),
    /// A time span with its unit.
    Duration,
    /// An IP address and a port.
    Address,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A path.
    Path,
    /// A list of paths.
    Paths,
    /// Names and values that are handed on.
    Map,
}

/// What a field is when nothing is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// It must be set.
    Required,
    /// Nothing; the text says what that means.
    None(&'static str),
    /// This value.
    Value(&'static str),
}
