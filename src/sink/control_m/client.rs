//! Sends one HTTP request, at most once, and returns how far it got.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Proxy, RequestBuilder, Url, redirect, retry};

use super::api_key::ApiKey;
use super::permit::{self, Permitted};
use super::request::{self, Call, LOOK_UP_ROWS_MAX};
use super::retry_after;
use super::settings::{Error, Settings};
use crate::model::Clock;

/// The longest response that is read, in bytes: 100 rows take some 50 KB.
const ANSWER_MAX: usize = 4 << 20;
/// The detail of a request without a response in time.
const TIMED_OUT: &str = "no answer within control_m.request_timeout";

/// The end of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exchange {
    /// There was no connection, so nothing was sent; the reason.
    NotSent(String),
    /// The request may have been sent, and no response arrived; the reason.
    Lost(String),
    /// The server, or a proxy, responded.
    Answered(Reply),
}

/// An HTTP response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// The status code.
    pub(super) status: u16,
    /// The requested wait before a retry.
    pub(super) retry_after: Option<Duration>,
    /// The body as text, or why it is incomplete.
    pub(super) body: Result<String, String>,
}

/// An HTTP client for one server.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base_url: String,
    pub(super) api_key: ApiKey,
    clock: Arc<dyn Clock>,
    request_timeout: Duration,
}

impl Client {
    /// A client; no request is sent yet.
    pub(super) fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let base_url = base_url(&settings.base_url)?;
        let (http, api_key) = (build(settings)?, ApiKey::new(&settings.api_key)?);
        Ok(Self { http, base_url, api_key, clock, request_timeout: settings.request_timeout })
    }

    /// Sends the call of an act. The body of a submit is held back if `expires_at` (on the clock's uptime) has passed
    /// when it is about to be sent.
    pub(super) async fn send(&self, call: Call, expires_at: Duration) -> Exchange {
        match call {
            Call::Submit { body } => {
                let (body, refused) = Permitted::new(body, Arc::clone(&self.clock), expires_at);
                let request = self.http.post(self.url("/run/ondemand")).header(CONTENT_TYPE, request::form_type());
                let exchange = self.exchange(request.body(reqwest::Body::wrap(body))).await;
                if refused.is_set() { Exchange::NotSent(permit::Expired.to_string()) } else { exchange }
            }
            Call::LookUp { folder, server } => {
                let limit = LOOK_UP_ROWS_MAX.to_string();
                let query = [("folder", folder.as_str()), ("server", &server), ("limit", &limit)];
                self.exchange(self.http.get(self.url("/run/jobs/status")).query(&query)).await
            }
        }
    }

    /// Requests the list of servers.
    pub(super) async fn servers(&self) -> Exchange {
        self.exchange(self.http.get(self.url("/config/servers"))).await
    }

    /// The URL of a path below the base.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    async fn exchange(&self, request: RequestBuilder) -> Exchange {
        let request = request.header("x-api-key", self.api_key.get());
        let give_up_at = self.clock.uptime().saturating_add(self.request_timeout);
        let mut response = match self.before(give_up_at, request.send()).await {
            None => return Exchange::Lost(TIMED_OUT.to_owned()),
            Some(Err(error)) if error.is_builder() || error.is_connect() => return Exchange::NotSent(chain(error)),
            Some(Err(error)) => return Exchange::Lost(chain(error)),
            Some(Ok(response)) => response,
        };
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get(RETRY_AFTER).and_then(|value| retry_after::read(value.as_bytes(), self.clock.now()));
        let body = self.before(give_up_at, read(&mut response)).await.unwrap_or_else(|| Err(TIMED_OUT.to_owned()));
        Exchange::Answered(Reply { status, retry_after, body })
    }

    /// Polls a future until it is ready or the clock, which includes the time while the process is stopped, has passed
    /// `give_up_at`. The clock is checked before each poll: reqwest's own time-out does not include the sleep of the
    async fn before<F: Future>(&self, give_up_at: Duration, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        std::future::poll_fn(|context| {
            if self.clock.uptime() >= give_up_at {
                return Poll::Ready(None);
            }
            future.as_mut().poll(context).map(Some)
        })
        .await
    }
}

fn base_url(text: &str) -> Result<String, Error> {
    let wrong = |detail: String| Error::BaseUrl { url: text.to_owned(), detail };
    let url = Url::parse(text).map_err(|error| wrong(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it is neither http nor https".to_owned()));
    }
    if url.scheme() == "https" && !cfg!(feature = "tls") {
        return Err(wrong("this build has no TLS: build with --features tls (the default)".to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // The text is not shown, because it may hold a password.
        return Err(Error::BaseUrl { url: "***".to_owned(), detail: "it contains a user or a password".to_owned() });
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it contains a `?` or a `#`".to_owned()));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn build(settings: &Settings) -> Result<reqwest::Client, Error> {
    let wrong = |setting| move |error| Error::Client { setting, detail: chain(error) };
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let mut builder = reqwest::Client::builder()
        .default_headers(headers)
        .user_agent(concat!("sheaf/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(settings.connect_timeout)
        .timeout(settings.request_timeout)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        // Without idle connections the pool has none that was closed meanwhile, for which it would send the request
        // again; and no submit fails only because a proxy closed an idle connection.
        .pool_max_idle_per_host(0)
        // Refused HTTP/2 streams would be sent again.
        .http1_only()
        .no_proxy();
    if let Some(proxy) = &settings.proxy {
        builder = builder.proxy(Proxy::all(proxy).map_err(wrong("control_m.proxy"))?);
    }
    #[cfg(feature = "tls")]
    if let Some(pem) = &settings.ca_bundle {
        let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(wrong("control_m.ca_bundle"))?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(wrong("the system (are its ca-certificates installed?)"))
}

/// Reads the body in chunks, up to the limit.
async fn read(response: &mut reqwest::Response) -> Result<String, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(chain)? {
        if bytes.len() + chunk.len() > ANSWER_MAX {
            return Err(format!("the answer is larger than {ANSWER_MAX} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// An error with its causes, because reqwest's own text has only the outermost. Without the URL, which is known, and
/// which holds the query of a look-up.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Error, base_url};

    #[test]
    fn an_address_is_taken_with_or_without_its_last_slash() {
        for text in ["https://ctm:8443/automation-api", "https://ctm:8443/automation-api/"] {
            assert_eq!(base_url(text).unwrap(), "https://ctm:8443/automation-api");
        }
    }

    #[test]
    fn an_address_that_would_lead_elsewhere_is_refused() {
        for text in ["", "ctm:8443", "ftp://ctm/", "https://ctm/?a=b", "https://ctm/#a", "/automation-api"] {
            assert!(matches!(base_url(text), Err(Error::BaseUrl { .. })), "{text}");
        }
        let error = base_url("https://me:hunter2@ctm/").unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
