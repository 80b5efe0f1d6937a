//! The HTTP client for a server, with its proxy and its certificates.

use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::{Proxy, redirect, retry};

use super::settings::{Error, Settings};
#[cfg(feature = "tls")]
use super::tls;
use crate::http_client::chain;

/// The client of these settings.
pub(super) fn build(settings: &Settings) -> Result<reqwest::Client, Error> {
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
        builder = builder.proxy(Proxy::all(proxy.expose()).map_err(wrong("control_m.proxy"))?);
    }
    #[cfg(feature = "tls")]
    if let Some(pem) = &settings.ca_bundle {
        let wrong = |detail| Error::Client { setting: "control_m.ca_bundle", detail };
        builder = builder.tls_backend_preconfigured(tls::trusting(pem).map_err(wrong)?);
    }
    builder.build().map_err(wrong("the system (are its ca-certificates installed?)"))
}
