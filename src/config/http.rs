//! The section `http`: the HTTP server, and who may do what with it.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::field::{Default, Field, Kind};
use super::http_token::{self, HttpRole, HttpToken};
use super::reader::Reader;
use crate::codec::yaml::Item;

/// The HTTP server, and who may do what with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// The address that it listens on; port 0 takes a free port.
    pub bind: SocketAddr,
    /// The URL at which other instances reach it, without a path; `None`: made of `bind`.
    pub advertise: Option<String>,
    /// The names by which it is asked, beside those of loopback.
    pub hosts: Vec<String>,
    /// The tokens of its callers.
    pub tokens: Vec<HttpToken>,
    /// What a request without a token may do; `None`: nothing.
    pub anonymous: Option<HttpRole>,
    /// True if nobody may do more than read.
    pub read_only: bool,
    /// The certificate; `None` serves without encryption.
    pub tls: Option<HttpTls>,
}

/// The certificate of the HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpTls {
    /// The file with the certificate in PEM form, and with those of the authorities between it and the root.
    pub cert: PathBuf,
    /// The file with its private key in PEM form.
    pub key: PathBuf,
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        path: "http.bind",
        kind: Kind::Address,
        default: Default::Value("127.0.0.1:8080"),
        doc: "The address of the HTTP server. Port 0 takes a free port, which is logged; `localhost` is 127.0.0.1. `/healthz`, \
              `/readyz` and `/metrics` answer everybody who can reach it. For an address that others can reach set `http.tokens`, or \
              `http.anonymous: none`.",
    },
    Field {
        path: "http.advertise",
        kind: Kind::Text,
        default: Default::None("made of `http.bind`; for `0.0.0.0` of the name of the host"),
        doc: "The URL at which the other instances of the application reach this server, such as `http://10.0.0.7:8080`: each of them \
              answers queries for all. If the servers check names, it has one of `http.hosts`; with `http.tokens` all instances need the \
              same ones.",
    },
    Field {
        path: "http.hosts",
        kind: Kind::List,
        default: Default::None("no further names"),
        doc: "The names by which the server is asked, such as `sheaf.example.com`. A server on loopback answers to names of \
              loopback and to these only, because a page of another site can make its own name point at 127.0.0.1.",
    },
    Field {
        path: "http.tokens",
        kind: Kind::Tree,
        default: Default::None("no tokens"),
        doc: "Who may use the API and the console: a list of `{ name: ann, role: act, token: \"${env:ANN_TOKEN}\" }`. `name` is who \
              acted, in the audit. `role` is `read`; `act`, which sends commands; or `admin`, which does also what cannot be taken \
              back. `token` has at least 16 characters (`openssl rand -hex 32`) and is sent as `Authorization: Bearer TOKEN`. Tokens \
              are read at the start.",
    },
    Field {
        path: "http.anonymous",
        kind: Kind::Word(&["none", "read", "act"]),
        default: Default::None("`read` without `http.tokens`, `none` with them"),
        doc: "What a request without a token may do. Anything but `none` only if `http.bind` is an address of loopback.",
    },
    Field {
        path: "http.read_only",
        kind: Kind::Word(&["off", "on"]),
        default: Default::Value("off"),
        doc: "`on`: this instance takes no commands, whatever the token.",
    },
    Field {
        path: "http.tls",
        kind: Kind::Tree,
        default: Default::None("no encryption"),
        doc: "The certificate of the server: `{ cert: tls.crt, key: tls.key }`, two files in PEM form, which are read again when they change. \
              Without it tokens travel unencrypted: then leave the encryption to a proxy in front of the server.",
    },
];

pub(super) fn read(from: &Reader<'_>) -> Option<Http> {
    let bind: Option<SocketAddr> = from.value("http.bind");
    let advertise = from.item("http.advertise").map(|item| advertised(&item));
    let hosts = from.item("http.hosts").map_or(Some(Vec::new()), |item| item.texts());
    let tokens = from.item("http.tokens").map_or(Some(Vec::new()), |item| http_token::read_all(&item));
    let words = [("none", None), ("read", Some(HttpRole::Read)), ("act", Some(HttpRole::Act))];
    let named = from.item("http.anonymous").map(|item| item.word(&words));
    let read_only = from.word("http.read_only", &[("off", false), ("on", true)]);
    let tls = from.item("http.tls").map(|item| tls(&item));
    let anonymous = named.unwrap_or_else(|| {
        let default = tokens.as_ref().is_some_and(Vec::is_empty).then_some(HttpRole::Read);
        Some(default)
    });
    if let (Some(bind), Some(Some(_))) = (bind, anonymous)
        && !bind.ip().is_loopback()
    {
        refuse_open(from, bind);
    }
    Some(Http {
        bind: bind?,
        advertise: match advertise {
            Some(url) => Some(url?),
            None => None,
        },
        hosts: hosts?,
        tokens: tokens?,
        anonymous: anonymous?,
        read_only: read_only?,
        tls: match tls {
            Some(tls) => Some(tls?),
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

/// Reports that everybody who reaches the address could use the API.
fn refuse_open(from: &Reader<'_>, bind: SocketAddr) {
    let message = format!("everybody who can reach {bind} could use the API without a token");
    let hint = "add http.tokens, or write `anonymous: none` below `http`, which leaves /healthz, /readyz and /metrics; or bind 127.0.0.1";
    let place = from.item("http.anonymous").or_else(|| from.item("http.bind"));
    if let Some(item) = place {
        item.problem(message, Some(hint.to_owned()));
    }
}

fn tls(section: &Item<'_>) -> Option<HttpTls> {
    let mut fields = section.fields()?;
    let cert: Option<PathBuf> = fields.required("cert");
    let key: Option<PathBuf> = fields.required("key");
    fields.finish();
    Some(HttpTls { cert: cert?, key: key? })
}
