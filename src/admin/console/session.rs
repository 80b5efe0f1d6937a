//! Who is signed in, and the token against forged forms.
//!
//! A browser keeps the token of the API in a cookie that no script reads and that no other site sends. Only pages of the console take
//! it from there: for the API itself a cookie is nothing, so that another site cannot make a browser call it.
//!
//! A form carries a random token that a second cookie has too; another site cannot read it, and cannot set it (OWASP, Cross-Site
//! Request Forgery Prevention, double submit cookie). Besides, a browser says from which site a form comes.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::{Cookie, SameSite};
use subtle::ConstantTimeEq as _;

use super::api::{Authorization, Refusal};

/// The cookie of the API's token.
const TOKEN: &str = "sheaf-token";
/// The cookie of the token against forged forms.
const CSRF: &str = "sheaf-csrf";
/// The bytes of the token against forged forms.
const CSRF_BYTES: usize = 24;

/// The visitor of a page.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// The rights at the API.
    pub caller: Authorization,
    /// The token that forms carry.
    pub csrf: String,
    /// True if the browser does not have the cookie of [`csrf`](Self::csrf) yet.
    is_new: bool,
    /// True if the connection to the browser is encrypted.
    is_encrypted: bool,
}

impl Session {
    /// The session of a request.
    pub(super) fn of(headers: &HeaderMap, is_encrypted: bool) -> Self {
        let csrf = cookie(headers, CSRF).filter(|csrf| is_token(csrf));
        let caller = headers.get(header::AUTHORIZATION).cloned().or_else(|| {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", cookie(headers, TOKEN)?)).ok()?;
            value.set_sensitive(true);
            Some(value)
        });
        Self { caller, is_new: csrf.is_none(), csrf: csrf.unwrap_or_else(random), is_encrypted }
    }

    /// The cookie that the answer sets, if the browser does not have it yet.
    pub(super) fn new_cookie(&self) -> Option<HeaderValue> {
        self.is_new.then(|| self.set(CSRF, &self.csrf)).flatten()
    }

    /// The cookie of a token of the API.
    pub(super) fn signed_in(&self, token: &str) -> Option<HeaderValue> {
        self.set(TOKEN, token)
    }

    /// The cookie that removes the token.
    pub(super) fn signed_out(&self) -> Option<HeaderValue> {
        let mut cookie = self.of_name(TOKEN, "");
        cookie.make_removal();
        HeaderValue::from_str(&cookie.to_string()).ok()
    }

    /// Refuses a form that another site has sent, or that was asked for before the browser lost its cookies.
    pub(super) fn check_form(&self, csrf: &str) -> Result<(), Refusal> {
        if !self.is_new && bool::from(csrf.as_bytes().ct_eq(self.csrf.as_bytes())) {
            return Ok(());
        }
        let detail = "the form is not of this console, or is too old: open the page again and send it once more";
        Err(Refusal { status: StatusCode::FORBIDDEN, detail: detail.to_owned() })
    }

    fn set(&self, name: &'static str, value: &str) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.of_name(name, value).to_string()).ok()
    }

    fn of_name<'a>(&self, name: &'static str, value: &'a str) -> Cookie<'a> {
        Cookie::build((name, value))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(self.is_encrypted)
            .build()
    }
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = all.flat_map(Cookie::split_parse).flatten();
    cookies.find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
}

fn random() -> String {
    let mut bytes = [0; CSRF_BYTES];
    // Without chance from the operating system no form is accepted.
    if getrandom::fill(&mut bytes).is_err() {
        return String::new();
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

fn is_token(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == CSRF_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_form_is_taken_only_with_the_token_of_its_browser() {
        let first = Session::of(&headers(&[]), true);
        let cookie = first.new_cookie().unwrap();
        let cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        let session = Session::of(&headers(&[("cookie", &format!("a=b; {cookie}"))]), false);
        assert_eq!((session.csrf.as_str(), session.new_cookie()), (first.csrf.as_str(), None));
        session.check_form(&first.csrf).unwrap();
        for wrong in ["", "x", &random()] {
            assert_eq!(session.check_form(wrong).unwrap_err().status, StatusCode::FORBIDDEN);
        }
        first.check_form(&first.csrf).unwrap_err();
    }

    #[test]
    fn the_token_of_the_api_comes_from_the_header_or_the_cookie() {
        let caller = |pairs: &[(&'static str, &str)]| {
            Session::of(&headers(pairs), false).caller.map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(caller(&[]), None);
        assert_eq!(caller(&[("cookie", "sheaf-token=abc")]).as_deref(), Some("Bearer abc"));
        assert_eq!(
            caller(&[("authorization", "Bearer x"), ("cookie", "sheaf-token=abc")]).as_deref(),
            Some("Bearer x")
        );
    }
}
