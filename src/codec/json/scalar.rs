//! What stands at one place of a JSON text, as far as a processor cares.

use std::borrow::Cow;

/// The value at a pointer. Ids, counts and times are texts and integers; everything else is only named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar<'a> {
    /// The text has no such place.
    Absent,
    /// `null`.
    Null,
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// A number that is written as an integer and fits.
    Integer(i64),
    /// Anything else; the words say what, for a message.
    Other(&'static str),
}

impl<'a> Scalar<'a> {
    /// Reads a raw JSON value: valid JSON, without space around it.
    pub(super) fn of(raw: &'a str) -> Self {
        match raw.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b'"') => text(raw),
            Some(b't' | b'f') => Self::Other("true or false"),
            Some(b'[') => Self::Other("an array"),
            Some(b'{') => Self::Other("an object"),
            Some(_) => raw.parse().map_or(Self::Other("a number that is not a 64-bit integer"), Self::Integer),
            None => Self::Absent,
        }
    }

    /// What it is, for a message.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Absent => "missing",
            Self::Null => "null",
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Other(kind) => kind,
        }
    }
}

fn text(raw: &str) -> Scalar<'_> {
    let inner = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
    if !inner.contains('\\') {
        return Scalar::Text(Cow::Borrowed(inner));
    }
    // A lone surrogate (`"\ud800"`) is legal JSON and not a Unicode text.
    serde_json::from_str(raw)
        .map_or(Scalar::Other("a string that is not Unicode"), |text: String| Scalar::Text(Cow::Owned(text)))
}
