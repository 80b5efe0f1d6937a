//! A row of the table of fields, which defines how settings are read and generates `docs/configuration.md`.

/// One field of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The keys from the root, joined by dots.
    pub path: &'static str,
    /// The type and range of its values.
    pub kind: Kind,
    /// Its default.
    pub default: Default,
    /// Its text on the reference page.
    pub doc: &'static str,
}

impl Field {
    /// The environment variable that sets it: `SHEAF_CONTROL_M__API_KEY`.
    pub fn variable(&self) -> String {
        format!("SHEAF_{}", self.path.replace('.', "__").to_uppercase())
    }
}

/// The type and range of a field's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A name that is legal in topics and groups of Kafka.
    Name,
    /// A text or a reference to a secret.
    Reference,
    /// A whole number; the least and the greatest value, both inclusive.
    Integer(i64, i64),
    /// A duration with its unit, such as `30s`.
    Duration,
    /// An IP address and a port.
    Address,
    /// An IANA time zone.
    Zone,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A path.
    Path,
    /// A list of paths.
    Paths,
    /// A list of words.
    List,
    /// A map of names to texts or references.
    Map,
    /// Maps and lists that a file of their own reads.
    Tree,
}

/// The default of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// No value: the field must be set.
    Required,
    /// No value; the text says what that means.
    None(&'static str),
    /// A value, in the syntax of a file.
    Value(&'static str),
}
