//! Addresses without TLS.

use std::net::IpAddr;

use reqwest::Url;

/// True for an address without TLS whose requests leave this host; false for what is no address.
pub fn is_clear_text_to_elsewhere(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let host = url.host_str().unwrap_or_default();
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    url.scheme() == "http" && host != "localhost" && !ip.is_ok_and(|ip| ip.is_loopback())
}
