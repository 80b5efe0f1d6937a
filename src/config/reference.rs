//! A text that may name a secret instead of holding it.

use std::fmt;

/// A text that is either meant as it is, or is as a whole a reference to a secret: `${env:NAME}`, `${file:PATH}`,
/// `${aws-sm:NAME#KEY}`. It is resolved through the secret port, later and not here.
///
/// Debug shows a reference and hides everything else, because what should have been a reference may be the secret itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Reference(String);

impl Reference {
    /// A text, checked for the schemes of references. The error says what is wrong without showing the text.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let Some(inside) = inside(text) else {
            return if text.contains("${") {
                Err("a reference (`${env:NAME}`) takes the whole text: nothing may stand before or after it")
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

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when it names a secret, false when it is meant as it is.
    pub fn is_reference(&self) -> bool {
        inside(&self.0).is_some()
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_reference() { &self.0 } else { "***" })
    }
}

fn inside(text: &str) -> Option<&str> {
    text.strip_prefix("${")?.strip_suffix('}')
}
