//! Certificates that a client trusts.

use reqwest::ClientBuilder;

/// A client that trusts the certificates of a text in PEM form, and no others.
#[cfg(feature = "tls")]
pub(crate) fn trusting_only(http: ClientBuilder, pem: &[u8]) -> Result<ClientBuilder, String> {
    Ok(http.tls_certs_only(certificates(pem)?))
}

/// A client that trusts them beside the system's.
#[cfg(all(feature = "tls", feature = "kafka"))]
pub(crate) fn trusting_also(http: ClientBuilder, pem: &[u8]) -> Result<ClientBuilder, String> {
    Ok(http.tls_certs_merge(certificates(pem)?))
}

/// The certificates in a text in PEM form, of which there is at least one.
#[cfg(feature = "tls")]
fn certificates(pem: &[u8]) -> Result<Vec<reqwest::Certificate>, String> {
    match reqwest::Certificate::from_pem_bundle(pem) {
        Ok(certificates) if certificates.is_empty() => Err("it has no certificate in PEM form".to_owned()),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(error.to_string()),
    }
}

/// A build without TLS has nobody to trust.
#[cfg(not(feature = "tls"))]
pub(crate) fn trusting_only(_: ClientBuilder, _: &[u8]) -> Result<ClientBuilder, String> {
    Err(super::address::NO_TLS.to_owned())
}

#[cfg(all(not(feature = "tls"), feature = "kafka"))]
pub(crate) use trusting_only as trusting_also;
