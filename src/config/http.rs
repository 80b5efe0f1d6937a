//! `http`: the HTTP server.

use std::net::SocketAddr;

use super::field::{Default, Field, Kind};
use super::reader::Reader;

/// The HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Where it listens; port 0 takes a free one.
    pub bind: SocketAddr,
}

pub(super) const FIELDS: &[Field] = &[Field {
    path: "http.bind",
    kind: Kind::Address,
    default: Default::Value("127.0.0.1:8080"),
    doc: "Where `/healthz`, `/readyz` and `/metrics` are served. Port 0 takes a free one, which is logged. There \
              is no log-in: bind an address that only those reach who may read it.",
}];

pub(super) fn read(from: &Reader<'_>) -> Option<Http> {
    let bind = from.value("http.bind");
    Some(Http { bind: bind? })
}
