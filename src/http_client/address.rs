//! Whether an address can be called, and whether in clear text.

use std::net::IpAddr;

use reqwest::Url;

/// What is told of a build that calls no HTTPS.
pub(super) const NO_TLS: &str = "this build has no TLS: build with --features tls (the default)";

/// An address that this build can call. The error has no part of it.
pub(crate) fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "https" if !cfg!(feature = "tls") => Err(NO_TLS.to_owned()),
        "http" | "https" => Ok(url),
        _ => Err("it is neither http nor https".to_owned()),
    }
}

/// True for an address with a user or a password in it, which belong elsewhere: addresses are shown.
pub(crate) fn has_credential(address: &Url) -> bool {
    !address.username().is_empty() || address.password().is_some()
}

/// True for an address without TLS whose requests leave this host; false for what is no address.
pub(crate) fn is_clear_text_to_elsewhere(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let host = url.host_str().unwrap_or_default();
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    url.scheme() == "http" && host != "localhost" && !ip.is_ok_and(|ip| ip.is_loopback())
}
