//! Templates and headers of pages.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use jiff::Timestamp as Instant;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context, escape_formatter};

use super::api::Refusal;
use super::assets::ASSETS;
use super::session::Session;
use crate::codec::percent_encode;
use crate::model::{Clock as _, Timestamp, age};
use crate::runtime::SystemClock;

/// What a browser may load, and from where: nothing that stands in a page, so that no text of an event can become a script.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const TEMPLATES: [(&str, &str); 16] = [
    ("base.html", include_str!("templates/base.html")),
    ("macros.html", include_str!("templates/macros.html")),
    ("problem.html", include_str!("templates/problem.html")),
    ("login.html", include_str!("templates/login.html")),
    ("overview.html", include_str!("templates/overview.html")),
    ("entries.html", include_str!("templates/entries.html")),
    ("entry.html", include_str!("templates/entry.html")),
    ("audit.html", include_str!("templates/audit.html")),
    ("dead_letters.html", include_str!("templates/dead_letters.html")),
    ("letter.html", include_str!("templates/letter.html")),
    ("trace.html", include_str!("templates/trace.html")),
    ("flow.html", include_str!("templates/flow.html")),
    ("flows.html", include_str!("templates/flows.html")),
    ("definition.html", include_str!("templates/definition.html")),
    ("tasks.html", include_str!("templates/tasks.html")),
    ("command.html", include_str!("templates/command.html")),
];

/// The templates of all pages.
#[derive(Debug)]
pub(super) struct Views(Environment<'static>);

impl Views {
    pub(super) fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        // What is not there is empty: a field of a form would be sent with the word for it.
        environment.set_formatter(
            |out, state, value| {
                if value.is_none() { Ok(()) } else { escape_formatter(out, state, value) }
            },
        );
        for (name, source) in TEMPLATES {
            // A template is a part of the program: a test renders each of them.
            if let Err(error) = environment.add_template(name, source) {
                tracing::error!(%error, "a page of the console cannot be shown");
            }
        }
        environment.add_filter("thousands", thousands);
        environment.add_filter("tone", |status: &str| tone(status));
        environment.add_filter("clock", |at: &str| clock_text(at));
        environment.add_filter("millis", |at: &str| millis_text(at));
        environment.add_filter("age", |at: &str| {
            at.parse().map(|at: Timestamp| age(at, SystemClock.now())).unwrap_or_default()
        });
        let named = ASSETS.iter().map(|asset| (asset.stem, asset.name()));
        environment.add_global("assets", Value::from_pairs(named));
        Self(environment)
    }

    /// A page.
    pub(super) fn page(&self, session: &Session, (name, page): (&str, Value)) -> Response {
        self.page_of(session, StatusCode::OK, (name, page))
    }

    /// A page with a status. `page` may lack what all pages have.
    pub(super) fn page_of(&self, session: &Session, status: StatusCode, (name, page): (&str, Value)) -> Response {
        let signed_in = session.caller.is_some();
        let shared = context! { csrf => session.csrf.clone(), signed_in => signed_in, ..page };
        let text = self.0.get_template(name).and_then(|template| template.render(shared));
        let mut response = match text {
            Ok(text) => (status, Html(text)).into_response(),
            Err(error) => {
                tracing::error!(page = name, error = %format!("{error:#}"), "a page of the console cannot be shown");
                let text = "the page cannot be shown: the log of the instance has the reason";
                (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
            }
        };
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "same-origin"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Some(cookie) = session.new_cookie() {
            headers.append(header::SET_COOKIE, cookie);
        }
        response
    }

    /// The page of an error; whoever has to sign in is sent to the page for that, and then back to `here`.
    pub(super) fn problem(&self, session: &Session, refusal: &Refusal, here: &str) -> Response {
        if refusal.status == StatusCode::UNAUTHORIZED {
            return Redirect::to(&format!("/login?to={}", percent_encode(here))).into_response();
        }
        let title = refusal.status.canonical_reason().unwrap_or("Error");
        let problem = context! { title => title, detail => refusal.detail.clone() };
        self.page_of(session, refusal.status, ("problem.html", context! { problem }))
    }
}

/// A value of JSON for a template.
pub(super) fn json(value: &serde_json::Value) -> Value {
    Value::from(Serde(value))
}

/// A number with a thin space between thousands.
fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// The colour of a status, or of what happened: by the words that processors use. An unknown one has none.
pub(super) fn tone(name: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["breach", "fail", "unknown", "expired", "reject", "dead", "conflict", "held", "missing"]) {
        "bad"
    } else if has(&[
        "warning",
        "late",
        "unsure",
        "waiting",
        "duplicate",
        "unexpected",
        "partial",
        "out_of_range",
        "old",
    ]) {
        "warn"
    } else if has(&["completed", "submitted", "accepted", "ended_ok", "done", "closed"]) {
        "good"
    } else {
        ""
    }
}

/// A time for people: the day and the second.
fn clock_text(at: &str) -> String {
    formatted(at, "%Y-%m-%d %H:%M:%S")
}

/// The same with milliseconds, for what happens within seconds.
fn millis_text(at: &str) -> String {
    formatted(at, "%Y-%m-%d %H:%M:%S.%3f")
}

fn formatted(at: &str, form: &str) -> String {
    at.parse().map_or_else(|_invalid| at.to_owned(), |at: Instant| at.strftime(form).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_numbers_are_for_people() {
        assert_eq!(
            [0, 999, 1_000, -1_234_567].map(thousands),
            ["0", "999", "1\u{202f}000", "-1\u{202f}234\u{202f}567"]
        );
        assert_eq!(clock_text("2026-03-01T02:15:00.123Z"), "2026-03-01 02:15:00");
        assert_eq!(millis_text("2026-03-01T02:15:00.123Z"), "2026-03-01 02:15:00.123");
        assert_eq!(clock_text("<script>"), "<script>", "what is no time is shown as it is, escaped");
    }
}
