//! The exporter of spans, with a collector.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, mpsc};

use sheaf::metric::{Build, Declared, Metrics};
use sheaf::model::{Span, SpanId, SpanKind, Spans as _, Timestamp, TraceContext};
use sheaf::otlp::{Otlp, Settings};
use sheaf::secret::Secret;
use tokio::runtime::Runtime;

use crate::collector::Collector;
use crate::control_m::support::until;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

fn settings(endpoint: String) -> Settings {
    let headers = vec![("authorization".to_owned(), Secret::new("Bearer t".to_owned()))];
    Settings { endpoint: Secret::new(endpoint), headers, service_name: "orders".to_owned(), instance: "a".to_owned() }
}

fn span(kind: SpanKind, id: u8, error: Option<&str>) -> Span {
    Span {
        parent: TraceContext::new(&format!("00-{TRACE}-{PARENT}-01"), Some("vendor=1")).unwrap(),
        id: SpanId([0, 0, 0, 0, 0, 0, 0, id]),
        name: format!("span {id}"),
        kind,
        start: Timestamp::from_millis(1_795_221_600_000),
        end: Timestamp::from_millis(1_795_221_660_000),
        attributes: vec![("sheaf.key", "k".to_owned())],
        error: error.map(str::to_owned),
    }
}

fn metrics() -> Arc<Metrics> {
    Arc::new(Metrics::new("app", &Build::default(), Declared::default()).unwrap())
}

fn counted(metrics: &Metrics) -> [u64; 2] {
    let text = metrics.encode().unwrap();
    ["exported", "lost"].map(|result| {
        let is_it = |line: &&str| line.starts_with("sheaf_spans_total{") && line.contains(result);
        text.lines().find(is_it).expect("the series exists").rsplit(' ').next().unwrap().parse().unwrap()
    })
}

#[test]
fn spans_arrive_with_their_ids_times_and_attributes() {
    let runtime = Runtime::new().unwrap();
    let (collector, metrics) = (Collector::start(&runtime), metrics());
    let otlp = Otlp::new(&settings(collector.endpoint() + "/"), runtime.handle(), metrics.clone()).unwrap();
    otlp.ended(span(SpanKind::Entry, 1, None));
    otlp.ended(span(SpanKind::Call, 2, Some("the outcome is unknown: no answer")));
    otlp.close();
    let [entry, call] = <[_; 2]>::try_from(collector.spans()).unwrap();
    assert_eq!((entry.name.as_str(), entry.trace.as_str(), entry.parent.as_str()), ("span 1", TRACE, PARENT));
    assert_eq!((entry.id.as_str(), call.id.as_str()), ("0000000000000001", "0000000000000002"));
    // The numbers of CONSUMER and CLIENT in the protocol.
    assert_eq!((entry.kind, call.kind), (5, 3));
    assert_eq!(entry.times, (1_795_221_600_000, 1_795_221_660_000));
    assert_eq!(entry.attributes["sheaf.key"], "k");
    assert_eq!((entry.error, call.error.as_deref()), (None, Some("the outcome is unknown: no answer")));
    let service = ["service.name", "service.instance.id", "service.version"].map(|name| entry.service[name].as_str());
    assert_eq!(service, ["orders", "a", env!("CARGO_PKG_VERSION")]);
    assert_eq!(collector.header("authorization").as_deref(), Some("Bearer t"));
    assert_eq!(counted(&metrics), [2, 0]);
}

#[test]
fn spans_of_a_failing_collector_are_lost_and_counted_and_later_ones_are_not() {
    let runtime = Runtime::new().unwrap();
    let (collector, metrics) = (Collector::start(&runtime), metrics());
    let otlp = Otlp::new(&settings(collector.endpoint()), runtime.handle(), metrics.clone()).unwrap();
    collector.set_failing(true);
    otlp.ended(span(SpanKind::Entry, 1, None));
    until(|| counted(&metrics) == [0, 1]);
    collector.set_failing(false);
    // More than a batch, less than what may wait.
    for _ in 0..2_000 {
        otlp.ended(span(SpanKind::Entry, 2, None));
    }
    until(|| counted(&metrics) == [2_000, 1]);
    assert_eq!(collector.spans().len(), 2_000);
}

#[test]
fn spans_that_the_collector_rejects_are_lost_although_it_takes_the_request() {
    let runtime = Runtime::new().unwrap();
    let (collector, metrics) = (Collector::start(&runtime), metrics());
    let otlp = Otlp::new(&settings(collector.endpoint()), runtime.handle(), metrics.clone()).unwrap();
    collector.set_rejecting(2);
    (0..5).for_each(|id| otlp.ended(span(SpanKind::Entry, id + 1, None)));
    otlp.close();
    assert_eq!(counted(&metrics), [3, 2]);
}

/// If a full queue were waited for, the collector would see a request for each batch.
#[test]
fn a_collector_that_does_not_answer_is_waited_for_by_nobody() {
    const SPANS: usize = 50_000;
    let (runtime, metrics) = (Runtime::new().unwrap(), metrics());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (accepted, requests) = mpsc::channel();
    std::thread::spawn(move || listener.incoming().try_for_each(|stream| accepted.send(stream)));
    let otlp = Otlp::new(&settings(endpoint), runtime.handle(), metrics.clone()).unwrap();
    (0..SPANS).for_each(|_| otlp.ended(span(SpanKind::Entry, 1, None)));
    assert!(requests.try_iter().count() <= 1, "the first one waits for its answer");
    otlp.close();
    assert_eq!(counted(&metrics), [0, 0], "neither is known");
}

#[test]
fn settings_that_cannot_be_used_are_named_without_secrets() {
    let refused = |endpoint: &str, header: &str, value: &str| {
        let headers = vec![(header.to_owned(), Secret::new(value.to_owned()))];
        let settings = Settings { headers, ..settings(endpoint.to_owned()) };
        let error = Otlp::check(&settings).unwrap_err().to_string();
        let runtime = Runtime::new().unwrap();
        assert_eq!(Otlp::new(&settings, runtime.handle(), metrics()).unwrap_err().to_string(), error);
        assert!(!error.contains("hunter2"), "{error}");
        error
    };
    for (endpoint, words) in [
        ("collector:4318", "it is neither http nor https"),
        ("http://user:hunter2@[", "invalid"),
        ("http://user:hunter2@collector:4318\n", "it contains a user or a password: write otlp.headers.authorization"),
        ("https://collector?key=hunter2", "it contains a `?` or a `#`"),
    ] {
        let error = refused(endpoint, "a", "b");
        assert!(error.starts_with("otlp.endpoint cannot be used: ") && error.contains(words), "{error}");
    }
    let error = refused("http://collector:4318", "authorization", "hunter2\n");
    assert!(error.starts_with("otlp.headers.authorization "), "{error}");
    // What is taken is sent as it was read.
    let runtime = Runtime::new().unwrap();
    let collector = Collector::start(&runtime);
    let otlp = Otlp::new(&settings(collector.endpoint() + "/\n"), runtime.handle(), metrics()).unwrap();
    otlp.ended(span(SpanKind::Entry, 1, None));
    otlp.close();
    assert_eq!(collector.spans().len(), 1);
}
