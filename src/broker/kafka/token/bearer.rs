//! A token, and where tokens come from.

use std::fmt;
use std::time::Duration;

use crate::model::Timestamp;

/// The longest life that a token is believed to have: librdkafka's arithmetic has an end.
const LIFE_MAX: Duration = Duration::from_hours(24 * 3650);

/// A token of OAuth 2, as a bearer (RFC 6750).
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Its text, of visible ASCII characters.
    pub value: String,
    /// When it ends.
    pub expires: Timestamp,
    /// Whom it is for: its claim `sub`, for librdkafka's log.
    pub principal: String,
    /// SASL extensions ([`is_extension`]), which some services want beside it.
    pub extensions: Vec<(String, String)>,
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The source refuses this client: a wrong secret, a scope that it may not have. Trying again does not help.
    #[error("{0}")]
    Refused(String),
    /// The source cannot be reached, or fails. It is tried again.
    #[error("{0}")]
    Unavailable(String),
}

/// Where tokens come from.
pub trait TokenSource: Send + Sync + fmt::Debug {
    /// Fetches a token. It may block; one thread calls it.
    fn fetch(&self) -> Result<Token, TokenError>;

    /// Whose tokens these are, in messages about missing rights: `the OAuth client orders`.
    fn owner(&self) -> String;
}

/// True for a SASL extension (RFC 7628, 3.1): a name of letters which is not `auth`, and a value of visible ASCII characters, blanks and tabs.
pub fn is_extension(name: &str, value: &str) -> bool {
    let is_name = !name.is_empty() && name != "auth" && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_name && value.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
}

impl Token {
    /// What is left of its life.
    pub(super) fn life(&self, now: Timestamp) -> Duration {
        self.expires.since(now)
    }

    /// A token that librdkafka takes. Its own messages about one that it does not take have the text of the token.
    pub(super) fn usable(self, now: Timestamp) -> Result<Self, TokenError> {
        let unusable = |detail: &str| Err(TokenError::Unavailable(detail.to_owned()));
        if self.value.is_empty() || !self.value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return unusable("the token is empty, or has a character that no token has");
        }
        if !self.extensions.iter().all(|(name, value)| is_extension(name, value)) {
            return unusable("a SASL extension has a character that none has");
        }
        if self.life(now).is_zero() {
            return unusable(
                "the token that it gave has ended already: it lives for 0 s, or the clock of this host is wrong",
            );
        }
        let principal = self.principal.replace('\0', "");
        Ok(Self { principal, expires: self.expires.min(now.saturating_add(LIFE_MAX)), ..self })
    }
}

impl fmt::Debug for Token {
    /// Without its text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("principal", &self.principal)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn token(value: &str) -> Token {
        let expires = NOW.saturating_add(Duration::from_mins(1));
        Token { value: value.to_owned(), expires, principal: "orders".to_owned(), extensions: Vec::new() }
    }

    #[test]
    fn a_token_is_not_shown_also_if_it_cannot_be_used() {
        let shown = format!("{:?}", token("s3cret"));
        assert!(shown.contains("orders") && !shown.contains("s3cret"), "{shown}");
        for value in ["s3cret\u{e9}", "s3cret 1", "s3cret\0", ""] {
            let error = token(value).usable(NOW).expect_err(value).to_string();
            assert!(error.contains("no token has") && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_life_beyond_all_times_is_cut() {
        let endless = Token { expires: Timestamp::from_millis(i64::MAX), ..token("t") };
        assert_eq!(endless.usable(NOW).expect("usable").life(NOW), LIFE_MAX);
        assert!(Token { expires: NOW, ..token("t") }.usable(NOW).is_err());
    }

    #[test]
    fn names_of_extensions_are_letters() {
        for (name, value, is_one) in [
            ("logicalCluster", "lkc-1", true),
            ("identityPoolId", "", true),
            ("logical-cluster", "lkc-1", false),
            ("auth", "x", false),
            ("", "x", false),
            ("a", "\u{1}", false),
        ] {
            assert_eq!(is_extension(name, value), is_one, "{name}={value}");
        }
    }
}
