//! Sends one request, at most once per attempt.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Url, redirect, retry};
use serde_json::{Map, Value};

use super::settings::{Error, Settings};
use super::verdict;
use crate::http_client::{self, address, body, chain};
use crate::model::{Clock, Verdict};
use crate::processor::call::{self, Http, Response, Webhook};
use crate::secret::Secret;
use crate::sink::http::permit::{Expired, Permitted};
use crate::sink::http::{before, retry_after, traced};

/// The longest response that is read, in bytes.
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
            .default_headers(headers(settings)?)
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
        let call = self.http.post(self.url.expose()).header(IDEMPOTENCY_KEY, &request.key).body(body);
        match self.exchange(call).await {
            Ok(response) => (verdict::of(&response), Some(response.status)),
            Err(verdict) => (verdict, None),
        }
    }

    /// The same for a request whose response is told as it is. Its body is held back if `expires_at` (on the clock's uptime)
    /// has passed when it is about to be sent.
    pub(super) async fn send_http(&self, request: Http, expires_at: Duration) -> (Verdict, Option<u16>) {
        let url = match self.url_of(&request.path) {
            Ok(url) => url,
            Err(detail) => return (Verdict::NotSent(detail), None),
        };
        let method = match request.method {
            call::Method::Post => Method::POST,
            call::Method::Put => Method::PUT,
            call::Method::Patch => Method::PATCH,
        };
        let (body, held_back) = Permitted::new(request.body, Arc::clone(&self.clock), expires_at);
        let call = self.http.request(method, url).header(&request.key_header, &request.key);
        match self.exchange(call.body(reqwest::Body::wrap(body))).await {
            _ if held_back.is_set() => (Verdict::NotSent(Expired.to_string()), None),
            Ok(response) => (Verdict::answered(&response), Some(response.status)),
            Err(verdict) => (verdict, None),
        }
    }

    /// The response to a request with JSON, or the verdict without one.
    async fn exchange(&self, call: RequestBuilder) -> Result<Response, Verdict> {
        let give_up_at = self.clock.uptime().saturating_add(self.timeout);
        let sent = traced(call.header(CONTENT_TYPE, "application/json")).send();
        // The client's own time-out does not hold while the resolver of names blocks, and neither includes the machine's sleep.
        let sent = tokio::time::timeout(self.timeout, before(&*self.clock, give_up_at, sent)).await;
        let mut response = match sent.ok().flatten() {
            None => return Err(Verdict::Unknown(format!("no answer within {:?}", self.timeout))),
            Some(Err(error)) if error.is_connect() || error.is_builder() => return Err(Verdict::NotSent(chain(error))),
            Some(Err(error)) => return Err(Verdict::Unknown(chain(error))),
            Some(Ok(response)) => response,
        };
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| retry_after::read(value.as_bytes(), self.clock.now()));
        let retry_after_ms = retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        let body = tokio::time::timeout(self.timeout, before(&*self.clock, give_up_at, read(&mut response))).await;
        Ok(Response { status, retry_after_ms, body: body.ok().flatten().flatten() })
    }

    /// The URL with a path below it, and its query beside that of the URL.
    fn url_of(&self, path: &str) -> Result<Url, String> {
        // The error has no part of the URL.
        let mut url = Url::parse(self.url.expose()).map_err(|error| error.to_string())?;
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        if !path.is_empty() {
            url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        }
        if let Some(query) = query {
            let query = url.query().map_or_else(|| query.to_owned(), |of_url| format!("{of_url}&{query}"));
            url.set_query(Some(&query));
        }
        Ok(url)
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

/// The headers of each request.
fn headers(settings: &Settings) -> Result<HeaderMap, Error> {
    let named = settings.headers.iter().map(|(name, value)| (name.as_str(), value.expose()));
    http_client::headers(named).map_err(|header| Error::Header { name: settings.name.clone(), header })
}

/// Checks the headers and the URL.
pub(super) fn check(settings: &Settings) -> Result<(), Error> {
    headers(settings)?;
    let wrong = |detail| Error::Url { name: settings.name.clone(), detail };
    address(settings.url.expose()).map(drop).map_err(wrong)
}

/// The body as text; `None` if it ends too early or is longer than [`ANSWER_MAX`].
async fn read(response: &mut reqwest::Response) -> Option<String> {
    let bytes = body(response, ANSWER_MAX).await.ok()??;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
