//! A collector of OpenTelemetry: takes spans by OTLP over HTTP, and reads them with the types that are generated from the protocol's own
//! definition.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use sheaf::model::{SpanId, TraceId};
use tokio::runtime::Runtime;

/// A collector on a free port; it ends with the runtime.
pub(crate) struct Collector {
    address: SocketAddr,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    is_failing: bool,
    rejects: i64,
    requests: Vec<(HeaderMap, ExportTraceServiceRequest)>,
}

/// A span that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TakenSpan {
    pub(crate) name: String,
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) kind: i32,
    /// Begin and end, in milliseconds since the epoch.
    pub(crate) times: (u64, u64),
    pub(crate) attributes: BTreeMap<String, String>,
    /// The message of a span that has failed.
    pub(crate) error: Option<String>,
    /// The attributes of the service.
    pub(crate) service: BTreeMap<String, String>,
}

impl Collector {
    pub(crate) fn start(runtime: &Runtime) -> Self {
        let taken = Arc::<Mutex<Taken>>::default();
        let app = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&taken));
        let bind = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.block_on(tokio::net::TcpListener::bind(bind)).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, taken }
    }

    /// The endpoint to configure.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it answers 503, or takes spans again.
    pub(crate) fn set_failing(&self, is_failing: bool) {
        self.taken.lock().unwrap().is_failing = is_failing;
    }

    /// From now on it takes requests, and rejects so many spans of each.
    pub(crate) fn set_rejecting(&self, spans: i64) {
        self.taken.lock().unwrap().rejects = spans;
    }

    /// A header of the first request that was taken.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let taken = self.taken.lock().unwrap();
        Some(taken.requests.first()?.0.get(name)?.to_str().unwrap().to_owned())
    }

    /// The spans so far.
    pub(crate) fn spans(&self) -> Vec<TakenSpan> {
        let taken = self.taken.lock().unwrap();
        let resources = taken.requests.iter().flat_map(|(_, request)| &request.resource_spans);
        let spans = resources.flat_map(|resource| {
            let service = attributes(&resource.resource.as_ref().unwrap().attributes);
            let spans = resource.scope_spans.iter().flat_map(|scope| &scope.spans);
            spans.map(move |span| TakenSpan::of(span, &service)).collect::<Vec<_>>()
        });
        spans.collect()
    }
}

async fn take(State(taken): State<Arc<Mutex<Taken>>>, headers: HeaderMap, body: Bytes) -> Response {
    let mut taken = taken.lock().unwrap();
    if taken.is_failing {
        return (StatusCode::SERVICE_UNAVAILABLE, "overloaded").into_response();
    }
    taken.requests.push((headers, ExportTraceServiceRequest::decode(body).unwrap()));
    let partial = |rejected_spans| ExportTracePartialSuccess { rejected_spans, error_message: "too old".to_owned() };
    let partial_success = (taken.rejects > 0).then(|| partial(taken.rejects));
    let answer = ExportTraceServiceResponse { partial_success }.encode_to_vec();
    ([(header::CONTENT_TYPE, "application/x-protobuf")], answer).into_response()
}

impl TakenSpan {
    fn of(span: &Span, service: &BTreeMap<String, String>) -> Self {
        let id = |bytes: &[u8]| SpanId(bytes.try_into().unwrap()).to_string();
        let status = span.status.as_ref().filter(|status| status.code == 2);
        Self {
            name: span.name.clone(),
            trace: TraceId((&*span.trace_id).try_into().unwrap()).to_string(),
            id: id(&span.span_id),
            parent: id(&span.parent_span_id),
            kind: span.kind,
            times: (span.start_time_unix_nano / 1_000_000, span.end_time_unix_nano / 1_000_000),
            attributes: attributes(&span.attributes),
            error: status.map(|status| status.message.clone()),
            service: service.clone(),
        }
    }
}

fn attributes(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |attribute: &KeyValue| {
        let value = attribute.value.as_ref().unwrap().value.as_ref().unwrap();
        let Value::StringValue(text) = value else { panic!("not a text: {attribute:?}") };
        text.clone()
    };
    attributes.iter().map(|attribute| (attribute.key.clone(), text(attribute))).collect()
}
