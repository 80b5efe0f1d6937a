//! The limits of a target: a rate, a number in flight, and its suspension when it fails. In the time of a clock that is set by hand.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sheaf::metric::{Build, Declared, Metrics};
use sheaf::model::{Clock, OutRecord, Sink, Target, Timestamp, Topic, Verdict};
use sheaf::processor::call::{Http, Method, Request};
use sheaf::secret::Secret;
use sheaf::sim::{ManualClock, never_crash};
use sheaf::sink::webhook::{Settings, Webhook};
use sheaf::sink::{BreakerLimits, Calls, Limits, Rate};

use crate::alerts::fixture::Fixture;
use crate::alerts::http_server::{HttpServer, Reply};
use crate::alerts::{run, runtime};

const TOPOLOGY: &str = "name: t
sources:
  - { topic: parents, member: parent, bundle: /id, id: /id, expects: /children }
  - { topic: children, member: child, bundle: /parent, id: /id }
bundle: { key: text }
deliver: { webhook: { to: shop, template: t.json } }
";
const TEMPLATE: &str = r#"{"id": "{{ bundle_id }}"}"#;

fn request() -> Request {
    let (key_header, key) = ("Idempotency-Key".to_owned(), "k".to_owned());
    Request::Http(Http { method: Method::Post, path: String::new(), key_header, key, body: "{}".to_owned() })
}

#[test]
fn a_failing_target_is_suspended_and_probed_by_one_call_at_a_time() {
    let (server, runtime) = (HttpServer::start(&[]), runtime());
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(0)));
    let metrics = Arc::new(Metrics::new("app", &Build::default(), Declared::default()).unwrap());
    let calls = Calls { handle: runtime.handle().clone(), clock: clock.clone(), metrics: metrics.clone() };
    let breaker = BreakerLimits { failures: 3, ..BreakerLimits::default() };
    let settings = Settings {
        name: "shop".to_owned(),
        url: Secret::new(server.url.clone()),
        headers: Vec::new(),
        member: None,
        timeout: Duration::from_secs(5),
        limits: Limits { breaker, ..Limits::new(4) },
    };
    let sink = Webhook::new(&settings, calls).unwrap();
    let to = Target::new("shop");
    let send = || run(&sink, &request(), Duration::MAX);
    let gauge = |value: u8| {
        let line = format!(r#"sheaf_sink_suspended{{application="app",reason="failing",target="shop"}} {value}"#);
        assert!(metrics.encode().unwrap().contains(&line), "{line}");
    };
    gauge(0);
    server.set_usual(Reply::Status(503, None));
    (0..3).for_each(|_| assert!(matches!(send(), Verdict::Answered(_))));
    assert_eq!(sink.capacity(&to), 0);
    gauge(1);
    let told = sink.suspensions().remove(&to).unwrap();
    let expected =
        "suspended since 1970-01-01T00:00:00.000Z: 3 failures in a row; the last one: HTTP 503: ok: look at the target";
    assert_eq!(told, expected);
    assert!(matches!(send(), Verdict::Suspended(_)), "what was accepted before comes back, and nothing is sent");
    assert_eq!(server.seen().len(), 3);
    for (probe, pause_ms) in [1_000, 1_250].into_iter().enumerate() {
        clock.advance(Duration::from_millis(pause_ms));
        assert_eq!(sink.capacity(&to), 1, "a probe");
        assert!(matches!(send(), Verdict::Answered(_)));
        assert_eq!((sink.capacity(&to), server.seen().len()), (0, 4 + probe), "the next pause is longer");
    }
    server.set_usual(Reply::Ok);
    clock.advance(Duration::from_mins(1));
    assert!(matches!(send(), Verdict::Answered(_)));
    assert_eq!((sink.capacity(&to), sink.suspensions().len()), (8, 0));
    gauge(0);
    server.set_usual(Reply::Status(422, None));
    (0..5).for_each(|_| assert!(matches!(send(), Verdict::Answered(_))));
    assert_eq!(sink.capacity(&to), 8, "a refusal of a request is no failure of the target");
}

#[test]
fn a_rate_leaves_what_it_does_not_let_through_to_kafka() {
    let (server, runtime) = (HttpServer::start(&[]), runtime());
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(0)));
    let metrics = Arc::new(Metrics::new("app", &Build::default(), Declared::default()).unwrap());
    let calls = Calls { handle: runtime.handle().clone(), clock: clock.clone(), metrics: metrics.clone() };
    let rate = Some(Rate { calls: 60, per: Duration::from_mins(1), burst: 3 });
    let settings = Settings {
        name: "shop".to_owned(),
        url: Secret::new(server.url),
        headers: Vec::new(),
        member: None,
        timeout: Duration::from_secs(5),
        limits: Limits { rate, ..Limits::new(4) },
    };
    let (sink, to) = (Webhook::new(&settings, calls).unwrap(), Target::new("shop"));
    assert_eq!(sink.capacity(&to), 3);
    (0..3).for_each(|_| assert!(matches!(run(&sink, &request(), Duration::MAX), Verdict::Answered(_))));
    assert_eq!((sink.capacity(&to), sink.suspensions().remove(&to).unwrap()), (0, "limited by its rate".to_owned()));
    let line = r#"sheaf_sink_rate_limited{application="app",target="shop"} 1"#;
    assert!(metrics.encode().unwrap().contains(line));
    clock.advance(Duration::from_secs(2));
    assert_eq!((sink.capacity(&to), sink.suspensions().len()), (2, 0));
}

fn complete(fixture: &mut Fixture, bundles: usize) {
    let record =
        |topic: &str, value: serde_json::Value| OutRecord::unkeyed(&Topic::new(topic), value.to_string().into());
    let of = |number: usize| {
        let id = format!("p{number}");
        let child = record("children", json!({ "id": format!("{id}-c"), "parent": id }));
        [record("parents", json!({ "id": id, "children": 1 })), child]
    };
    fixture.write(&(0..bundles).flat_map(of).collect::<Vec<_>>());
}

/// A target is down for a weekend. Nothing fails, it is hardly called, and then the queue drains within the rate.
#[test]
fn after_an_outage_the_queue_drains_within_the_rate() {
    const BUNDLES: usize = 90;
    let server = HttpServer::start(&[]);
    let sink =
        format!("sinks={{shop: {{webhook: {{url: '{}', rate: 60/m, burst: 5, in_flight_max: 16}}}}}}", server.url);
    let mut fixture = Fixture::new((TOPOLOGY, TEMPLATE), &[&sink], |_| {}, never_crash());
    fixture.world.start("a").unwrap();
    fixture.advance(Duration::from_secs(20));
    server.set_usual(Reply::Status(503, None));
    complete(&mut fixture, BUNDLES);
    fixture.advance(Duration::from_mins(5));
    let told = fixture.sink.suspensions().into_values().next().unwrap();
    assert!(told.contains("HTTP 503"), "{told}");
    // A weekend, in steps that are long for its clock and short for its test.
    for _ in 0..60 {
        fixture.world.clock().advance(Duration::from_hours(1));
        fixture.advance(Duration::from_secs(4));
    }
    let calls = server.seen().len();
    assert!(calls < 200, "it is probed, and not called by {BUNDLES} bundles: {calls}");
    assert!(server.executed().is_empty());
    server.set_usual(Reply::Ok);
    let (began, mut drained) = (fixture.world.clock().now(), Vec::new());
    while server.executed().len() < BUNDLES {
        fixture.advance(Duration::from_secs(2));
        drained.push(server.executed().len());
        assert!(fixture.world.clock().now().since(began) < Duration::from_mins(20), "it drains: {drained:?}");
    }
    // Each advance is a step longer than it says.
    for (earlier, later) in drained.iter().zip(drained.iter().skip(5)) {
        assert!(later - earlier <= 5 * 4 + 5, "at most 60 a minute and a burst of 5: {drained:?}");
    }
    let outcomes = fixture.world.broker().committed_records(&Topic::new("ctm-outcomes"));
    let submitted = outcomes
        .iter()
        .filter(|it| std::str::from_utf8(it.value.as_deref().unwrap()).unwrap().contains(r#""outcome":"submitted""#));
    fixture.advance(Duration::from_secs(4));
    assert!(submitted.count() + 5 >= BUNDLES);
    assert!(fixture.world.broker().committed_records(&Topic::new("ctm-dead-letters")).is_empty(), "nothing has failed");
}
