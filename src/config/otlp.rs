//! The section `otlp`: where spans are exported to.

use std::collections::BTreeMap;

use super::field::{Default, Field, Kind};
use super::reader::Reader;
use super::reference::Reference;

/// Where spans are exported to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otlp {
    /// The base URL of the collector; `None`: no spans are exported.
    pub endpoint: Option<Reference>,
    /// The headers of each request, by name.
    pub headers: BTreeMap<String, Reference>,
    /// The name of the service in each span.
    pub service_name: String,
}

impl Otlp {
    /// The values that are texts or references to secrets, with their paths.
    pub fn references(&self) -> Vec<(String, &Reference)> {
        let endpoint = self.endpoint.as_ref().map(|endpoint| ("otlp.endpoint".to_owned(), endpoint));
        let headers = self.headers.iter().map(|(name, value)| (format!("otlp.headers.{name}"), value));
        endpoint.into_iter().chain(headers).collect()
    }
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        path: "otlp.endpoint",
        kind: Kind::Reference,
        default: Default::None("no spans are exported"),
        doc: "The base URL of an OpenTelemetry collector, or of a tracing system that speaks OTLP over HTTP, such as \
              `http://collector:4318`: spans are sent to `/v1/traces` below it. The header `traceparent` is carried \
              without it too. `docs/opentelemetry.md` has what the spans are.",
    },
    Field {
        path: "otlp.headers",
        kind: Kind::Map,
        default: Default::Value("{}"),
        doc: "The headers of each request with spans, such as `authorization: ${env:OTLP_AUTHORIZATION}`.",
    },
    Field {
        path: "otlp.service_name",
        kind: Kind::Text,
        default: Default::Value("sheaf"),
        doc: "The name of the service in each span (`service.name`). `service.instance.id` is `instance_id`.",
    },
];

pub(super) fn read(from: &Reader<'_>) -> Option<Otlp> {
    let endpoint = from.reference("otlp.endpoint");
    if endpoint.is_none()
        && let Some(item) = from.item("otlp.headers").filter(|item| !item.node().entries().is_empty())
    {
        item.problem("headers without an address", Some("add otlp.endpoint, or remove them".to_owned()));
    }
    let (headers, service_name) = (from.references("otlp.headers"), from.value("otlp.service_name"));
    Some(Otlp { endpoint, headers: headers?, service_name: service_name? })
}
