//! The HTTP client of the exporter.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use reqwest::header::HeaderMap;
use reqwest::{Url, redirect};
use tokio::runtime::Handle;

use super::settings::{Error, Settings};
use crate::http_client::{self, address, body, chain, has_credential};

/// The time-out of a request.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// The path of traces below the endpoint.
const PATH: &str = "/v1/traces";
/// The longest answer that is read, in bytes: it has at most a text beside a number.
const ANSWER_MAX: usize = 64 << 10;

/// A client whose requests run on a runtime of tokio, while the exporter's own thread waits for them.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    headers: HeaderMap,
    handle: Handle,
    last: Last,
}

/// How the last request has ended, beyond what the exporter is told.
#[derive(Clone, Debug, Default)]
pub(super) struct Last(Arc<Mutex<Ended>>);

/// How a request has ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Ended {
    /// Why there was no answer.
    pub(super) failure: Option<String>,
    /// The spans that the collector has refused although it took the request, and why.
    pub(super) rejected: Option<(usize, String)>,
}

impl Last {
    /// Takes how the last request has ended.
    pub(super) fn take(&self) -> Ended {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, ended: Ended) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ended;
    }
}

impl Client {
    /// A client; no request is sent yet.
    pub(super) fn new(settings: &Settings, handle: Handle) -> Result<Self, Error> {
        let headers = headers(settings)?;
        let http = reqwest::Client::builder()
            .user_agent(concat!("sheaf/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| Error::Client(chain(error)))?;
        Ok(Self { http, headers, handle, last: Last::default() })
    }

    /// How its last request has ended.
    pub(super) fn last(&self) -> Last {
        self.last.clone()
    }
}

/// The URL of traces. The error has no part of the endpoint.
pub(super) fn url(settings: &Settings) -> Result<Url, Error> {
    let mut url = address(settings.endpoint.expose()).map_err(Error::Endpoint)?;
    let wrong = |detail: &str| Err(Error::Endpoint(detail.to_owned()));
    if has_credential(&url) {
        return wrong("it contains a user or a password: write otlp.headers.authorization");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("it contains a `?` or a `#`");
    }
    let path = format!("{}{PATH}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

/// The headers of each request.
pub(super) fn headers(settings: &Settings) -> Result<HeaderMap, Error> {
    let named = settings.headers.iter().map(|(name, value)| (name.as_str(), value.expose()));
    http_client::headers(named).map_err(Error::Header)
}

type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Client {
    // As `async_trait` has it in the trait.
    fn send_bytes<'this: 'a, 'a>(&'this self, mut request: Request<Bytes>) -> Sending<'a> {
        // Those of the configuration win over those that the exporter has from the environment.
        request.headers_mut().extend(self.headers.clone());
        let (http, last) = (self.http.clone(), self.last.clone());
        let sending = self.handle.spawn(async move {
            let answer = match request.try_into() {
                Ok(request) => send(&http, request).await,
                Err(error) => Err(error.into()),
            };
            let failure = answer.as_ref().err().map(ToString::to_string);
            let rejected = answer.as_ref().ok().and_then(rejected);
            last.set(Ended { failure, rejected });
            answer
        });
        Box::pin(async move { sending.await? })
    }
}

async fn send(http: &reqwest::Client, request: reqwest::Request) -> Result<Response<Bytes>, HttpError> {
    let mut answer = http.execute(request).await.map_err(chain)?;
    let read = body(&mut answer, ANSWER_MAX).await.map_err(chain)?;
    let read = read.ok_or_else(|| format!("the answer is larger than {ANSWER_MAX} bytes"))?;
    let mut response = Response::new(Bytes::from(read));
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}

/// The spans that the collector has refused although it took the request, with its reason.
fn rejected(answer: &Response<Bytes>) -> Option<(usize, String)> {
    if !answer.status().is_success() {
        return None;
    }
    let partial = ExportTraceServiceResponse::decode(answer.body().clone()).ok()?.partial_success?;
    let spans = usize::try_from(partial.rejected_spans).ok().filter(|spans| *spans > 0)?;
    Some((spans, partial.error_message))
}
