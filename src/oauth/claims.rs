//! The claims of a token that is a JWT (RFC 7519).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// What is read of the claims. Nothing is verified: that is the broker's matter.
#[derive(Debug, Default, PartialEq, Deserialize)]
pub(super) struct Claims {
    /// Whom the token is for.
    #[serde(default)]
    pub(super) sub: Option<String>,
    /// When it ends, in seconds since 1970, with fractions in some.
    #[serde(default)]
    pub(super) exp: Option<f64>,
}

impl Claims {
    /// The claims of a token; none of them if it is not a JWT, which OAuth does not ask for.
    pub(super) fn of(token: &str) -> Self {
        let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok());
        claims.and_then(|claims| serde_json::from_slice(&claims).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_of_a_jwt_and_of_nothing_else() {
        // {"sub":"orders","exp":1700000000,"scope":"kafka"}
        let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJvcmRlcnMiLCJleHAiOjE3MDAwMDAwMDAsInNjb3BlIjoia2Fma2EifQ.x";
        assert_eq!(Claims::of(token), Claims { sub: Some("orders".to_owned()), exp: Some(1_700_000_000.0) });
        for other in ["", "opaque", "a.b.c", "a.eyJzdWIiOjF9.c", ".."] {
            assert_eq!(Claims::of(other), Claims::default(), "{other}");
        }
    }
}
