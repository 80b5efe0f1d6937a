//! Who may do what: tokens with roles, and what is open without one.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::api::Problem;

/// What a caller may do; a later role may do what an earlier one may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reads everything.
    Read,
    /// Sends commands.
    Act,
    /// Does also what cannot be taken back, or concerns many entries at once.
    Admin,
}

impl Role {
    /// The word in a configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Act => "act",
            Self::Admin => "admin",
        }
    }

    /// What a request with this method needs at least.
    fn of(method: &Method) -> Self {
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) { Self::Read } else { Self::Act }
    }
}

/// A token with a name. The token itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    name: String,
    role: Role,
    digest: [u8; 32],
}

impl Token {
    /// The least characters: fewer can be guessed.
    pub const CHARS_MIN: usize = 16;

    /// A token of this text; `name` is who acts with it.
    pub fn new(name: &str, role: Role, text: &str) -> Self {
        Self { name: name.to_owned(), role, digest: digest(text) }
    }
}

/// Who sends a request. Handlers take it as `Extension<Caller>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name of the token; `anonymous` without one.
    pub name: String,
    /// What it may do.
    pub role: Role,
}

impl Caller {
    /// Refuses a caller whose role is lower.
    pub fn needs(&self, role: Role) -> Result<(), Problem> {
        if self.role >= role {
            return Ok(());
        }
        let Self { name, role: own } = self;
        let (own, needed) = (own.as_str(), role.as_str());
        let detail =
            format!("{name} has the role `{own}`, and this needs `{needed}`: use a token with that role (http.tokens)");
        Err(Problem::new(StatusCode::FORBIDDEN, "role", detail))
    }
}

/// Who may do what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The tokens.
    pub tokens: Vec<Token>,
    /// What a request without a token may do; `None`: nothing.
    pub anonymous: Option<Role>,
    /// True if nobody may do more than read.
    pub read_only: bool,
}

impl Access {
    /// The caller of a request with this method.
    pub(super) fn caller(&self, method: &Method, headers: &HeaderMap) -> Result<Caller, Problem> {
        let caller = match (bearer(headers)?, self.anonymous) {
            (Some(token), _) => self.of(token)?,
            (None, Some(role)) => Caller { name: "anonymous".to_owned(), role },
            (None, None) => return Err(unauthorized("no_token", "the request has no token")),
        };
        let needed = Role::of(method);
        if self.read_only && needed > Role::Read {
            let detail = "this instance is read-only: ask another one, or set http.read_only to off";
            return Err(Problem::new(StatusCode::FORBIDDEN, "read_only", detail));
        }
        caller.needs(needed)?;
        Ok(caller)
    }

    /// The caller with this token. All tokens are compared, each in constant time, so that the time tells nothing.
    fn of(&self, token: &str) -> Result<Caller, Problem> {
        let digest = digest(token);
        let mut found = None;
        for token in &self.tokens {
            if bool::from(token.digest.ct_eq(&digest)) {
                found = Some(Caller { name: token.name.clone(), role: token.role });
            }
        }
        found.ok_or_else(|| unauthorized("unknown_token", "the token is not one of this instance"))
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// The token of the header `Authorization`.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return if headers.contains_key(header::AUTHORIZATION) {
            Err(unauthorized("unknown_token", "the request has several headers `Authorization`"))
        } else {
            Ok(None)
        };
    };
    let token = value.to_str().ok().and_then(|text| text.split_once(' '));
    match token {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(unauthorized("unknown_token", "the header `Authorization` is not of the form `Bearer TOKEN`")),
    }
}

fn unauthorized(code: &str, what: &str) -> Problem {
    let detail = format!("{what}: send one of http.tokens, as `Authorization: Bearer TOKEN`");
    Problem::new(StatusCode::UNAUTHORIZED, code, detail)
}

/// The answer to a refused request.
pub(super) fn refusal(problem: Problem) -> Response {
    let is_unauthorized = problem.status == StatusCode::UNAUTHORIZED.as_u16();
    let mut response = problem.into_response();
    if is_unauthorized {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"sheaf\""));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(anonymous: Option<Role>) -> Access {
        let token = |name, role| Token::new(name, role, &format!("the-token-of-{name}"));
        Access { tokens: vec![token("bob", Role::Read), token("ann", Role::Act)], anonymous, read_only: false }
    }

    fn asked(access: &Access, method: &Method, header: Option<&str>) -> Result<String, (u16, String)> {
        let mut headers = HeaderMap::new();
        if let Some(value) = header {
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        access.caller(method, &headers).map(|caller| caller.name).map_err(|problem| (problem.status, problem.code))
    }

    #[test]
    fn a_token_has_a_name_and_a_role() {
        let access = access(None);
        let name = |name: &str| Ok(name.to_owned());
        assert_eq!(asked(&access, &Method::GET, Some("Bearer the-token-of-bob")), name("bob"));
        assert_eq!(asked(&access, &Method::POST, Some("bearer  the-token-of-ann")), name("ann"));
        assert_eq!(asked(&access, &Method::POST, Some("Bearer the-token-of-bob")), Err((403, "role".to_owned())));
        assert_eq!(asked(&access, &Method::GET, None), Err((401, "no_token".to_owned())));
        for header in
            ["Bearer the-token-of-bo", "Bearer the-token-of-bobb", "Bearer ", "Basic YTpi", "the-token-of-bob"]
        {
            assert_eq!(asked(&access, &Method::GET, Some(header)), Err((401, "unknown_token".to_owned())), "{header}");
        }
    }

    #[test]
    fn a_wrong_token_is_refused_also_where_none_is_needed() {
        let access = access(Some(Role::Read));
        assert_eq!(asked(&access, &Method::GET, None), Ok("anonymous".to_owned()));
        assert_eq!(asked(&access, &Method::POST, None), Err((403, "role".to_owned())));
        assert_eq!(asked(&access, &Method::GET, Some("Bearer x")), Err((401, "unknown_token".to_owned())));
    }

    #[test]
    fn nobody_acts_on_a_read_only_instance() {
        let access = Access { read_only: true, ..access(None) };
        assert_eq!(asked(&access, &Method::GET, Some("Bearer the-token-of-ann")), Ok("ann".to_owned()));
        assert_eq!(
            asked(&access, &Method::DELETE, Some("Bearer the-token-of-ann")),
            Err((403, "read_only".to_owned()))
        );
    }

    #[test]
    fn a_token_is_not_shown() {
        assert!(!format!("{:?}", access(None)).contains("the-token"));
    }
}
