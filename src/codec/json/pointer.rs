//! JSON Pointers (RFC 6901), which identify a value within a JSON text.

use std::fmt;
use std::str::FromStr;

/// The most reference tokens of a pointer; bounds the stack use of an extraction.
pub const DEPTH_MAX: usize = 64;

/// A JSON Pointer, such as `/order/lines/0/id`; the empty pointer is the whole text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer {
    text: String,
    tokens: Vec<String>,
}

/// Errors of parsing a pointer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// It is not empty and does not start with a slash.
    #[error("`{0}` is not a JSON pointer: it must begin with `/`, as in `/id`")]
    NoSlash(String),
    /// A tilde that is no escape sequence.
    #[error("`{0}` is not a JSON pointer: escape `~` as `~0`, and `/` within a name as `~1`")]
    BadEscape(String),
    /// More reference tokens than [`DEPTH_MAX`].
    #[error("`{pointer}` has {depth} levels; at most {DEPTH_MAX} are supported: use a field nearer to the top")]
    TooDeep {
        /// The pointer.
        pointer: String,
        /// The number of its reference tokens.
        depth: usize,
    },
}

impl Pointer {
    /// Parses a pointer (RFC 6901, section 3).
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        let tokens = match text.strip_prefix('/') {
            None if text.is_empty() => Vec::new(),
            None => return Err(PointerError::NoSlash(text.to_owned())),
            Some(rest) => rest
                .split('/')
                .map(|token| unescape(token).ok_or_else(|| PointerError::BadEscape(text.to_owned())))
                .collect::<Result<Vec<_>, _>>()?,
        };
        if tokens.len() > DEPTH_MAX {
            return Err(PointerError::TooDeep { pointer: text.to_owned(), depth: tokens.len() });
        }
        Ok(Self { text: text.to_owned(), tokens })
    }

    /// The pointer to the value below these names and indices, unescaped.
    pub fn of<'t>(tokens: impl IntoIterator<Item = &'t str>) -> Self {
        let tokens: Vec<String> = tokens.into_iter().map(str::to_owned).collect();
        let escaped = tokens.iter().map(|token| format!("/{}", token.replace('~', "~0").replace('/', "~1")));
        Self { text: escaped.collect(), tokens }
    }

    /// The pointer as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The unescaped reference tokens from the top: names of object fields, or indices of array elements.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }
}

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        Self::parse(text)
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Replaces `~1` by a slash and `~0` by a tilde; `None` for any other tilde.
fn unescape(token: &str) -> Option<String> {
    let mut plain = String::with_capacity(token.len());
    let mut characters = token.chars();
    while let Some(character) = characters.next() {
        if character != '~' {
            plain.push(character);
            continue;
        }
        match characters.next()? {
            '0' => plain.push('~'),
            '1' => plain.push('/'),
            _ => return None,
        }
    }
    Some(plain)
}
