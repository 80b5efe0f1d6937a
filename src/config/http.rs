//! The section `http`: the server of health and metrics.

use std::net::SocketAddr;

use super::field::{Default, Field, Kind};
use super::reader::Reader;
use crate::codec::yaml::Item;

/// The HTTP server of health and metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// The address that it listens on; port 0 takes a free port.
    pub bind: SocketAddr,
    /// The URL at which other instances reach it, without a path; `None`: made of `bind`.
    pub advertise: Option<String>,
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        path: "http.bind",
        kind: Kind::Address,
        default: Default::Value("127.0.0.1:8080"),
        doc: "The address of the HTTP server with `/healthz`, `/readyz` and `/metrics`. Port 0 takes a free port, which \
          is logged; `localhost` is 127.0.0.1. There is no authentication: bind an address that only those can reach who may read it.",
    },
    Field {
        path: "http.advertise",
        kind: Kind::Text,
        default: Default::None("made of `http.bind`; with `0.0.0.0` of the name of the host"),
        doc: "The URL at which the other instances of the application reach this server, such as `http://10.0.0.7:8080`: each of them \
              answers queries for all. On one machine the default will do.",
    },
];

pub(super) fn read(from: &Reader<'_>) -> Option<Http> {
    let bind = from.value("http.bind");
    let advertise = from.item("http.advertise").map(|item| advertised(&item));
    Some(Http {
        bind: bind?,
        advertise: match advertise {
            Some(url) => Some(url?),
            None => None,
        },
    })
}

/// A URL without a path.
fn advertised(item: &Item<'_>) -> Option<String> {
    let text: String = item.read()?;
    let url = text.trim_end_matches('/');
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    if host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' '])) {
        return Some(url.to_owned());
    }
    let hint = "write `http://`, a host and a port, such as `http://10.0.0.7:8080`";
    item.problem(format!("`{text}` is no URL of a server"), Some(hint.to_owned()));
    None
}
