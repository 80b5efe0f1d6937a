//! The section `http`: the server of health and metrics.

use std::net::SocketAddr;

use super::field::{Default, Field, Kind};
use super::reader::Reader;

/// The HTTP server of health and metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// The address that it listens on; port 0 takes a free port.
    pub bind: SocketAddr,
}

pub(super) const FIELDS: &[Field] = &[Field {
    path: "http.bind",
    kind: Kind::Address,
    default: Default::Value("127.0.0.1:8080"),
    doc: "The address of the HTTP server with `/healthz`, `/readyz` and `/metrics`. Port 0 takes a free port, which \
          is logged; `localhost` is 127.0.0.1. There is no authentication: bind an address that only those can reach who may read it.",
}];

pub(super) fn read(from: &Reader<'_>) -> Option<Http> {
    let bind = from.value("http.bind");
    Some(Http { bind: bind? })
}
