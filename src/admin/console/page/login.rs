//! Signing in with a token of the API.

use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use minijinja::context;
use serde::Deserialize;

use super::super::shared::Console;

/// Where to go after that.
#[derive(Clone, Debug, Deserialize)]
pub(in super::super) struct To {
    #[serde(default)]
    to: String,
}

/// The form.
#[derive(Clone, Deserialize)]
pub(in super::super) struct SignIn {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    token: String,
}

/// The page with the form.
pub(in super::super) async fn ask(
    State(console): State<Console>,
    headers: HeaderMap,
    Query(To { to }): Query<To>,
) -> Response {
    let session = console.session(&headers);
    console.views.page(&session, ("login.html", context! { here => "/login", to => own(&to) }))
}

/// Takes a token that the API takes.
pub(in super::super) async fn sign_in(
    State(console): State<Console>,
    headers: HeaderMap,
    Form(form): Form<SignIn>,
) -> Response {
    let session = console.session(&headers);
    if let Err(refusal) = session.check_form(&form.csrf) {
        return console.views.problem(&session, &refusal, "/login");
    }
    let caller = HeaderValue::from_str(&format!("Bearer {}", form.token)).ok();
    let is_valid = caller.is_some() && console.api.get(&caller, "/api/v1/applications").await.is_ok();
    let cookie = session.signed_in(&form.token).filter(|_| is_valid);
    let Some(cookie) = cookie else {
        let page =
            context! { here => "/login", to => own(&form.to), refused => "The token is not one of this instance." };
        return console.views.page_of(&session, StatusCode::UNAUTHORIZED, ("login.html", page));
    };
    ([(header::SET_COOKIE, cookie)], Redirect::to(own(&form.to))).into_response()
}

/// The form of signing out.
#[derive(Clone, Deserialize)]
pub(in super::super) struct SignOut {
    #[serde(default)]
    csrf: String,
}

/// Forgets the token.
pub(in super::super) async fn sign_out(
    State(console): State<Console>,
    headers: HeaderMap,
    Form(form): Form<SignOut>,
) -> Response {
    let session = console.session(&headers);
    if let Err(refusal) = session.check_form(&form.csrf) {
        return console.views.problem(&session, &refusal, "/");
    }
    let cookie = session.signed_out().map(|cookie| [(header::SET_COOKIE, cookie)]);
    (cookie, Redirect::to("/login")).into_response()
}

/// A path of this console; the first page for anything else, such as another site.
fn own(to: &str) -> &str {
    let is_own = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\n', '\r', '\t']);
    if is_own { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for to in ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "", "javascript:x"]
        {
            assert_eq!(own(to), "/", "{to}");
        }
        assert_eq!(own("/entries/ctm/bundle?status=open"), "/entries/ctm/bundle?status=open");
    }
}
