//! Requests that a page of another site has its reader's browser send: they are refused.
//!
//! A name of another site may be made to point at 127.0.0.1 (DNS rebinding), so a server on loopback answers only to names of
//! loopback, and to those that the configuration adds. A page may also send a form to any address, with another `Origin`.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, Method, StatusCode, Uri, header};

use super::api::Problem;

/// The names to which a server answers.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// True if it listens on loopback.
    is_local: bool,
    /// Those of the configuration.
    own: Vec<String>,
}

impl Names {
    pub(super) fn new(bind: SocketAddr, own: &[String]) -> Self {
        Self { is_local: bind.ip().is_loopback(), own: own.to_vec() }
    }

    /// Refuses a request to another name, and one that would change something and comes from a page of another site.
    pub(super) fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let host = host(uri, headers);
        let is_strict = self.is_local || !self.own.is_empty();
        if is_strict && !host.is_none_or(|host| self.has(name(host))) {
            let detail = "the request is for a name that this server does not have: use an address of loopback, or add the name to http.hosts";
            return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "unknown_host", detail));
        }
        if matches!(*method, Method::GET | Method::HEAD) || is_of_same_site(host, headers) {
            return Ok(());
        }
        let detail = "the request comes from a page of another site";
        Err(Problem::new(StatusCode::FORBIDDEN, "other_site", detail))
    }

    fn has(&self, name: &str) -> bool {
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let is_loopback = name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback());
        (self.is_local && is_loopback) || self.own.iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// The host with its port: of the request line if it has one, as HTTP says. Browsers send one always.
fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let of_line = uri.authority().map(axum::http::uri::Authority::as_str);
    let of_header = || headers.get(header::HOST).map(|value| value.to_str().unwrap_or("?"));
    of_line.or_else(of_header)
}

/// The host without its port.
fn name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// True if no page of another site sends the request. What is no browser sends neither header.
fn is_of_same_site(host: Option<&str>, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let origin = text(header::ORIGIN.as_str()).is_none_or(|origin| {
        let (_, of_page) = origin.split_once("://").unwrap_or(("", "?"));
        host.is_some_and(|host| host.eq_ignore_ascii_case(of_page))
    });
    site && origin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(names: &Names, method: &Method, uri: &str, pairs: &[(&'static str, &str)]) -> Result<(), String> {
        let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        names.check(method, &uri.parse().unwrap(), &headers).map_err(|problem| problem.code)
    }

    fn names(bind: &str, own: &[&str]) -> Names {
        Names::new(bind.parse().unwrap(), &own.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_server_on_loopback_answers_to_names_of_loopback_only() {
        let local = names("127.0.0.1:8080", &["sheaf.example.com"]);
        let get = |host: &str| asked(&local, &Method::GET, "/", &[("host", host)]);
        for host in [
            "localhost",
            "LOCALHOST:8081",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]:80",
            "[::1]",
            "Sheaf.Example.com:8080",
        ] {
            assert_eq!(get(host), Ok(()), "{host}");
        }
        for host in
            ["evil.com", "127.0.0.1.evil.com", "localhost.evil.com:8080", "localhost:x", "10.0.0.1", "", "::1.evil"]
        {
            assert_eq!(get(host), Err("unknown_host".to_owned()), "{host}");
        }
        assert_eq!(asked(&local, &Method::GET, "/", &[]), Ok(()), "HTTP/1.0 has no host, and no browser speaks it");
        let line = asked(&local, &Method::GET, "http://evil.com/", &[("host", "localhost")]);
        assert_eq!(line, Err("unknown_host".to_owned()));
        assert_eq!(asked(&names("10.0.0.1:80", &[]), &Method::GET, "/", &[("host", "any")]), Ok(()));
    }

    #[test]
    fn a_page_of_another_site_changes_nothing() {
        let local = names("127.0.0.1:8080", &[]);
        let post = |pairs: &[(&'static str, &str)]| {
            asked(&local, &Method::POST, "/", &[&[("host", "localhost:8080")], pairs].concat())
        };
        assert_eq!(post(&[]), Ok(()), "no browser");
        assert_eq!(post(&[("origin", "http://localhost:8080"), ("sec-fetch-site", "same-origin")]), Ok(()));
        for other in ["http://evil.com", "http://localhost:9090", "null", "http://localhost:8080.evil.com"] {
            assert_eq!(post(&[("origin", other)]), Err("other_site".to_owned()), "{other}");
        }
        assert_eq!(post(&[("sec-fetch-site", "cross-site")]), Err("other_site".to_owned()));
    }
}
