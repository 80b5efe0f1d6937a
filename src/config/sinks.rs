//! The section `sinks`: the targets of calls, by name, each of one kind.

use std::collections::BTreeMap;

use super::field::{Default, Field, Kind};
use super::reader::Reader;
use super::reference::Reference;
use super::smtp::{self, Smtp};
use super::webhook::{self, Webhook};
use crate::codec::yaml::Item;

/// The longest name of a sink or a route.
const NAME_CHARS_MAX: usize = 60;

/// The sinks, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sinks(pub BTreeMap<String, SinkKind>);

/// A sink of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkKind {
    /// An HTTP POST.
    Webhook(Webhook),
    /// A mail.
    Smtp(Smtp),
}

impl Sinks {
    /// All values that are texts or references to secrets, with their paths.
    pub fn references(&self) -> Vec<(String, &Reference)> {
        let of = |(name, kind): (&String, &'_ SinkKind)| format!("sinks.{name}.{}", kind.key());
        let mut all = Vec::new();
        for sink in &self.0 {
            let path = of(sink);
            let references = match sink.1 {
                SinkKind::Webhook(webhook) => webhook.references(),
                SinkKind::Smtp(smtp) => smtp.references(),
            };
            all.extend(references.into_iter().map(|(key, reference)| (format!("{path}.{key}"), reference)));
        }
        all
    }
}

impl SinkKind {
    /// The key of the kind.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Webhook(_) => webhook::KEY,
            Self::Smtp(_) => smtp::KEY,
        }
    }
}

pub(super) const FIELDS: &[Field] = &[Field {
    path: "sinks",
    kind: Kind::Tree,
    default: Default::None("no sinks"),
    doc: "Targets of messages, by name. `docs/alerts.md` has every key.\n\n\
          - `{ webhook: { url, headers, format, routing_key, .. } }`: an HTTP service. `headers` are sent with each \
          request; each value is a text or a reference. Of messages about alerts `format` is `generic` (the \
          default), `slack` (Slack and what is compatible with it) or `pagerduty` (Events API v2, whose `routing_key` is \
          required and whose `url` has a default). `url` and `routing_key` are texts or references.\n\
          - `{ smtp: { host, port, tls, username, password, from, to, ca_bundle, .. } }`: a mail. `tls` is \
          `starttls` (the default, port 587), `tls` (port 465) or `none` (port 25); `to` is a list of addresses; `username` \
          and `password` are texts or references; `ca_bundle` is a file with certificates that are trusted beside the system's.\n\n\
          Both have limits, per instance: `timeout` (default 10s, for mail 30s) of one attempt; `in_flight_max` (default 2) attempts at \
          once; `rate` (`10/s`, `600/m`, `1000/h`; default: none) with `burst` (default: the calls of a second); and `breaker: { failures: \
          10, pause: 1s, pause_max: 1m }`: after that many failures in a row the target is suspended, and probed by one call after the \
          pause, which grows up to the longest one. What a target does not take now waits.",
}];

/// Reads the section.
pub(super) fn read(from: &Reader<'_>) -> Option<Sinks> {
    let Some(item) = from.item("sinks") else { return Some(Sinks::default()) };
    let sinks: Vec<Option<(String, SinkKind)>> =
        item.entries()?.into_iter().map(|(name, sink)| Some((name_of(name, &sink)?, kind(&sink)?))).collect();
    Some(Sinks(sinks.into_iter().collect::<Option<_>>()?))
}

/// A name that is legal in metrics, texts and the arguments of commands.
pub(super) fn name_of(name: &str, item: &Item<'_>) -> Option<String> {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(is_legal) {
        return Some(name.to_owned());
    }
    let allowed = format!("take 1 to {NAME_CHARS_MAX} letters, digits, `.`, `_` and `-`");
    item.problem(format!("`{name}` cannot be a name"), Some(allowed));
    None
}

fn kind(item: &Item<'_>) -> Option<SinkKind> {
    let mut fields = item.fields()?;
    let found = fields.at_least_one(&[webhook::KEY, smtp::KEY]);
    fields.finish();
    match <[Option<Item<'_>>; 2]>::try_from(found).ok()? {
        [Some(_), Some(smtp)] => {
            smtp.problem("a sink is of one kind", Some("give each kind a sink with its own name".to_owned()));
            None
        }
        [Some(webhook), None] => webhook::read(&webhook).map(SinkKind::Webhook),
        [None, Some(smtp)] => smtp::read(&smtp).map(SinkKind::Smtp),
        [None, None] => None,
    }
}
