//! The value at a JSON Pointer, in the types that processors use.

use std::borrow::Cow;

/// The value at a pointer. Ids, counts and times are strings and integers; of all other values only the type is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar<'a> {
    /// The text has no value there.
    Absent,
    /// `null`.
    Null,
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// A number that is written as an integer and fits into 64 bits.
    Integer(i64),
    /// Any other value, with its type for messages.
    Other(&'static str),
}

impl<'a> Scalar<'a> {
    /// Classifies a raw JSON value: valid JSON without surrounding whitespace.
    pub(super) fn of(raw: &'a str) -> Self {
        match raw.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b'"') => text(raw),
            Some(b't' | b'f') => Self::Other("a boolean"),
            Some(b'[') => Self::Other("an array"),
            Some(b'{') => Self::Other("an object"),
            Some(_) => raw.parse().map_or(Self::Other("a number that is not a 64-bit integer"), Self::Integer),
            None => Self::Absent,
        }
    }

    /// The type, for messages.
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
    // A lone surrogate (`"\ud800"`) is valid JSON, but not valid Unicode.
    serde_json::from_str(raw)
        .map_or(Scalar::Other("a string that is not Unicode"), |text: String| Scalar::Text(Cow::Owned(text)))
}
