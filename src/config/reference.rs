//! A literal text, or a reference to a secret.

use std::fmt;

/// A literal text, or a reference to a secret: `${env:NAME}`, `${file:PATH}`, `${aws-sm:NAME#KEY}`. References are resolved
/// later, through the module `secret`.
///
/// Debug shows references and hides literal texts, because these may be secrets that should have been references.
#[derive(Clone, PartialEq, Eq)]
pub struct Reference(String);

impl Reference {
    /// Checks the syntax. The error does not show the text, which may be a secret.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let Some(inside) = inside(text) else {
            return if text.contains("${") {
                Err("a reference such as `${env:NAME}` must be the whole value: remove the text before and after it")
            } else {
                Ok(Self(text.to_owned()))
            };
        };
        match inside.split_once(':') {
            Some(("env" | "file" | "aws-sm", name)) if !name.is_empty() && !name.contains("${") => {
                Ok(Self(text.to_owned()))
            }
            _ => Err("a reference is one of `${env:NAME}`, `${file:PATH}`, `${aws-sm:NAME#KEY}`"),
        }
    }

    /// True if it refers to a secret, false if it is a literal text.
    pub fn is_to_secret(&self) -> bool {
        inside(&self.0).is_some()
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_to_secret() { &self.0 } else { "***" })
    }
}

/// The text between `${` and `}`; `None` for a literal text.
fn inside(text: &str) -> Option<&str> {
    text.strip_prefix("${")?.strip_suffix('}')
}
