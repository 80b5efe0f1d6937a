//! The trace of W3C from the first member of a bundle to the call, through whatever happens between them, and the spans of sheaf in it.

use std::time::Duration;

use serde_json::{Value, json};
use sheaf::mock::control_m::{Action, Fault, RequestRow};
use sheaf::model::{Headers, OutRecord, Record, Span, SpanKind, Topic};
use sheaf::runtime::FaultPoint;

use super::cluster::{Cluster, TEMPLATE, TOPOLOGY, bundle, short};

const OF_CHILD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
const OF_PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
const SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const STATE: &str = "vendor=t61rcWkgMzE";

fn member(topic: &str, value: &Value, traceparent: Option<&str>) -> OutRecord {
    let mut record = OutRecord::unkeyed(&Topic::new(topic), value.to_string().into());
    if let Some(traceparent) = traceparent {
        record.headers = Headers::new().with("traceparent", traceparent.to_owned()).with("tracestate", STATE);
    }
    record
}

fn child(number: usize, position: u32, traceparent: Option<&str>) -> OutRecord {
    let parent = bundle(number);
    let id = parent.replace("-4000-", &format!("-400{position}-"));
    member("ctm-children-events", &json!({ "id": id, "parent_id": parent, "position": position }), traceparent)
}

fn parent(number: usize, children: u32, traceparent: Option<&str>) -> OutRecord {
    member("ctm-parent-events", &json!({ "id": bundle(number), "children": children }), traceparent)
}

fn started(seed: u64, topology: &str) -> Cluster {
    let mut cluster = Cluster::of(seed, topology, &short(), TEMPLATE);
    cluster.world.start("a").unwrap();
    cluster.advance(Duration::from_secs(5));
    cluster
}

fn trace_of(record: &Record) -> (Option<&str>, Option<&str>) {
    (record.headers.text("traceparent"), record.headers.text("tracestate"))
}

/// The record of a bundle in a topic.
fn record(cluster: &Cluster, topic: &str, number: usize) -> Record {
    let key = bundle(number);
    let is_it = |record: &Record| record.key.as_deref() == Some(key.as_bytes());
    cluster.records(topic).into_iter().find(is_it).unwrap()
}

/// The requests with a path and a header.
fn requests(requests: &[RequestRow], path: &str, traceparent: Option<&str>) -> usize {
    let is_it = |it: &&RequestRow| it.traceparent.as_deref() == traceparent && it.path.starts_with(path);
    requests.iter().filter(is_it).count()
}

/// The header of what a span has sent.
fn sent_by(span: &Span) -> String {
    span.parent.from_span(span.id).traceparent()
}

#[test]
fn the_trace_of_the_first_member_reaches_the_call_through_kills_and_a_lost_answer() {
    let mut cluster = started(31, TOPOLOGY);
    cluster.write(&[child(1, 1, Some(OF_CHILD))]);
    cluster.advance(Duration::from_secs(2));
    // The other instance has the trace from the changelog.
    cluster.world.crash("a");
    cluster.world.start("b").unwrap();
    cluster.simulator.inject(Fault::once("POST", "/run/ondemand", Action::ResetBefore));
    cluster.write(&[child(1, 2, None), parent(1, 2, Some(OF_PARENT)), child(2, 1, None), parent(2, 1, None)]);
    cluster.until(Duration::from_mins(2), |cluster| cluster.records("outcomes").len() == 2);

    for topic in ["submissions", "outcomes"] {
        assert_eq!(trace_of(&record(&cluster, topic, 1)), (Some(OF_CHILD), Some(STATE)), "{topic}");
        assert_eq!(trace_of(&record(&cluster, topic, 2)), (None, None), "{topic}: its members have none");
    }
    let all = cluster.requests();
    let [traced, others] = [Some(OF_CHILD), None].map(|trace| requests(&all, "/run/ondemand", trace));
    assert_eq!(traced + others, 3, "one of the two is cut, looked up and submitted again: {all:?}");
    assert!(traced >= 1 && others >= 1, "{all:?}");
    assert_eq!(requests(&all, "", Some(OF_PARENT)), 0);
    assert!(
        ["bundle", "delivery", "call control_m"].iter().all(|name| cluster.spans.of(name).is_empty()),
        "not sampled"
    );
}

#[test]
fn an_alert_of_a_bundle_belongs_to_its_trace() {
    let mut cluster = started(32, &TOPOLOGY.replace("sla: 24h", "sla: 1s"));
    cluster.write(&[child(1, 1, Some("garbage")), child(1, 2, Some(OF_CHILD)), child(2, 1, None)]);
    cluster.until(Duration::from_mins(2), |cluster| cluster.records("alerts").len() == 2);
    let alerts = cluster.records("alerts");
    let mut traces: Vec<_> = alerts.iter().map(|record| trace_of(record).0).collect();
    traces.sort_unstable();
    assert_eq!(traces, [None, Some(OF_CHILD)]);
}

/// Killed before a commit, and after it with a call in flight (whose end comes all the same, as the test's calls of a killed instance do):
/// a span may be exported again, with the same id, and what was sent names it.
#[test]
fn the_spans_of_a_sampled_trace_are_its_bundle_its_delivery_and_each_call() {
    for point in [FaultPoint::Stepped, FaultPoint::Produced, FaultPoint::HandedOver] {
        let mut cluster = started(33, TOPOLOGY);
        cluster.write(&[child(1, 1, Some(SAMPLED))]);
        cluster.advance(Duration::from_mins(1));
        assert_eq!(cluster.spans.of("bundle"), [], "it is open");
        cluster.simulator.inject(Fault::once("POST", "/run/ondemand", Action::ResetAfter));
        cluster.kill_at(point);
        cluster.write(&[parent(1, 1, None)]);
        cluster.until(Duration::from_mins(2), |cluster| cluster.kills == 1);
        cluster.restart();
        cluster.until(Duration::from_mins(2), |cluster| !cluster.records("outcomes").is_empty());
        cluster.advance(Duration::from_secs(5));

        let [mut bundles, mut deliveries] = ["bundle", "delivery"].map(|name| cluster.spans.of(name));
        bundles.dedup();
        deliveries.dedup();
        let (bundle, delivery) = (&bundles[0], &deliveries[0]);
        assert_eq!((bundles.len(), deliveries.len()), (1, 1), "{point:?}: {bundles:?} {deliveries:?}");
        assert_eq!(bundle.parent.traceparent(), SAMPLED);
        assert!(bundle.end.since(bundle.start) >= Duration::from_mins(1), "{bundle:?}");
        assert_eq!(trace_of(&record(&cluster, "submissions", 1)), (Some(&*sent_by(bundle)), Some(STATE)));
        assert_eq!(delivery.parent.traceparent(), sent_by(bundle));
        assert_eq!(trace_of(&record(&cluster, "outcomes", 1)).0, Some(&*sent_by(delivery)));
        let calls = cluster.spans.of("call control_m");
        assert!(calls.iter().all(|call| call.parent.traceparent() == sent_by(delivery)), "{point:?}: {calls:?}");
        assert!(calls.iter().all(|call| call.kind == SpanKind::Call), "{calls:?}");
        assert!(
            calls.iter().any(|call| call.error.as_ref().is_some_and(|error| error.contains("unknown"))),
            "{calls:?}"
        );
        // Each call that has ended is a span, and its request names it.
        let all = cluster.requests();
        assert!(calls.iter().all(|call| requests(&all, "", Some(&sent_by(call))) == 1), "{point:?}: {calls:?} {all:?}");
    }
}
