//! Sends one request, at most once per attempt.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Url, redirect, retry};
use serde_json::{Map, Value};

use super::settings::{Error, Settings};
use super::verdict;
use crate::model::{Clock, Verdict};
use crate::processor::call::Webhook;
use crate::secret::Secret;
use crate::sink::http::{chain, retry_after};

/// The longest response that is read, in bytes: its beginning is enough for a log line.
const ANSWER_MAX: usize = 64 << 10;
/// The header of the key by which a receiver recognizes a repetition, in the form that is in use: without the quotes of
/// draft-ietf-httpapi-idempotency-key-header.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// An HTTP client for one URL.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    url: Secret,
    member: Option<(&'static str, Secret)>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

impl Client {
    /// A client; no request is sent yet.
    pub(super) fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        check(settings)?;
        let name = settings.name.clone();
        let http = reqwest::Client::builder()
            .user_agent(concat!("sheaf/", env!("CARGO_PKG_VERSION")))
            .timeout(settings.timeout)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            // An idle connection may have been closed: then a request on it is lost, or sent twice.
            .pool_max_idle_per_host(0)
            .http1_only()
            .no_proxy()
            .build()
            .map_err(|error| Error::Client { name, detail: chain(error) })?;
        let Settings { url, member, timeout, .. } = settings.clone();
        Ok(Self { http, url, member, timeout, clock })
    }

    /// The verdict of one attempt, and the status of the response if there was one.
    pub(super) async fn send(&self, request: &Webhook) -> (Verdict, Option<u16>) {
        let body = match self.body(&request.body) {
            Ok(body) => body,
            Err(detail) => return (Verdict::NotSent(detail), None),
        };
        let call = self.http.post(self.url.expose()).header(CONTENT_TYPE, "application/json");
        let sent = call.header(IDEMPOTENCY_KEY, &request.key).body(body).send();
        // The client's own time-out does not hold while the resolver of names blocks.
        let mut response = match tokio::time::timeout(self.timeout, sent).await {
            Err(_elapsed) => return (Verdict::Unknown(format!("no answer within {:?}", self.timeout)), None),
            Ok(Err(error)) if error.is_connect() || error.is_builder() => {
                return (Verdict::NotSent(chain(error)), None);
            }
            Ok(Err(error)) => return (Verdict::Unknown(chain(error)), None),
            Ok(Ok(response)) => response,
        };
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| retry_after::read(value.as_bytes(), self.clock.now()));
        // The status is the answer: its text is only for people.
        let text = tokio::time::timeout(self.timeout, read(&mut response)).await.unwrap_or_default();
        (verdict::of(status, retry_after, &text), Some(status))
    }

    /// The body with the member that is a secret.
    fn body(&self, text: &str) -> Result<String, String> {
        let Some((name, secret)) = &self.member else { return Ok(text.to_owned()) };
        let mut body: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| format!("the body is no JSON object: {error}"))?;
        body.insert((*name).to_owned(), Value::String(secret.expose().to_owned()));
        Ok(Value::Object(body).to_string())
    }
}

/// Checks the URL.
pub(super) fn check(settings: &Settings) -> Result<(), Error> {
    match wrong_with(settings.url.expose()) {
        Some(detail) => Err(Error::Url { name: settings.name.clone(), detail }),
        None => Ok(()),
    }
}

/// What is wrong with a URL; the text does not show it.
fn wrong_with(url: &str) -> Option<String> {
    let url = match Url::parse(url) {
        Ok(url) => url,
        Err(error) => return Some(error.to_string()),
    };
    match url.scheme() {
        "https" if !cfg!(feature = "tls") => {
            Some("this build has no TLS: build with --features tls (the default)".to_owned())
        }
        "http" | "https" => None,
        _ => Some("it is neither http nor https".to_owned()),
    }
}

/// The beginning of a body as text.
async fn read(response: &mut reqwest::Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > ANSWER_MAX {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
