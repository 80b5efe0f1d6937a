//! The HTTP client of the exporter.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Url, redirect};
use tokio::runtime::Handle;

use super::settings::{Error, Settings};
use crate::secret::Secret;

/// The time-out of a request.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// A client whose requests run on a runtime of tokio, while the exporter's own thread waits for them.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    handle: Handle,
}

impl Client {
    /// A client; no request is sent yet.
    pub(super) fn new(settings: &Settings, handle: Handle) -> Result<Self, Error> {
        let http = reqwest::Client::builder()
            .default_headers(headers(settings)?)
            .user_agent(concat!("sheaf/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| Error::Client(error.to_string()))?;
        Ok(Self { http, handle })
    }
}

/// The headers of each request, once the URL is checked.
pub(super) fn headers(settings: &Settings) -> Result<HeaderMap, Error> {
    // The errors have no part of the URL.
    let url = Url::parse(settings.endpoint.expose()).map_err(|error| Error::Endpoint(error.to_string()))?;
    match url.scheme() {
        "https" if !cfg!(feature = "tls") => {
            return Err(Error::Endpoint("this build has no TLS: build with --features tls (the default)".to_owned()));
        }
        "http" | "https" => {}
        _ => return Err(Error::Endpoint("it is neither http nor https".to_owned())),
    }
    let header = |(name, value): &(String, Secret)| {
        let mut value = HeaderValue::from_str(value.expose()).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
    };
    settings.headers.iter().map(|one| header(one).ok_or_else(|| Error::Header(one.0.clone()))).collect()
}

type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Client {
    // As `async_trait` has it in the trait.
    fn send_bytes<'this: 'a, 'a>(&'this self, request: Request<Bytes>) -> Sending<'a> {
        let http = self.http.clone();
        let sending = self.handle.spawn(async move {
            let answer = http.execute(request.try_into()?).await?;
            let (status, body) = (answer.status(), answer.bytes().await?);
            let mut response = Response::new(body);
            *response.status_mut() = status;
            Ok(response)
        });
        Box::pin(async move { sending.await? })
    }
}
