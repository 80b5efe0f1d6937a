//! The trace of W3C from the first member of a bundle to the call, through whatever happens between them.

use std::time::Duration;

use serde_json::{Value, json};
use sheaf::mock::control_m::{Action, Fault};
use sheaf::model::{Headers, OutRecord, Record, Topic};

use super::cluster::{Cluster, TEMPLATE, TOPOLOGY, bundle, short};

const OF_CHILD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const OF_PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
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

fn trace_of(record: &Record) -> (Option<&str>, Option<&str>) {
    (record.headers.text("traceparent"), record.headers.text("tracestate"))
}

#[test]
fn the_trace_of_the_first_member_reaches_the_call_through_kills_and_a_lost_answer() {
    let mut cluster = Cluster::new(31, false, &short());
    cluster.world.start("a").unwrap();
    cluster.advance(Duration::from_secs(5));
    cluster.write(&[child(1, 1, Some(OF_CHILD))]);
    cluster.advance(Duration::from_secs(2));
    // The other instance has the trace from the changelog.
    cluster.world.crash("a");
    cluster.world.start("b").unwrap();
    cluster.simulator.inject(Fault::once("POST", "/run/ondemand", Action::ResetBefore));
    cluster.write(&[child(1, 2, None), parent(1, 2, Some(OF_PARENT)), child(2, 1, None), parent(2, 1, None)]);
    cluster.until(Duration::from_mins(2), |cluster| cluster.records("outcomes").len() == 2);

    for topic in ["submissions", "outcomes"] {
        let of = |number| {
            let records = cluster.records(topic);
            let key = bundle(number);
            records.into_iter().find(|record| record.key.as_deref() == Some(key.as_bytes())).unwrap()
        };
        assert_eq!(trace_of(&of(1)), (Some(OF_CHILD), Some(STATE)), "{topic}");
        assert_eq!(trace_of(&of(2)), (None, None), "{topic}: its members have none");
    }
    let requests = cluster.requests();
    let of = |traceparent: Option<&str>, path: &str| {
        let is_it = |it: &&sheaf::mock::control_m::RequestRow| it.traceparent.as_deref() == traceparent;
        requests.iter().filter(is_it).filter(|it| it.path.starts_with(path)).count()
    };
    let lost = "one of the two is cut, looked up and submitted again";
    assert_eq!(of(Some(OF_CHILD), "/run/ondemand") + of(None, "/run/ondemand"), 3, "{lost}");
    assert!(of(Some(OF_CHILD), "/run/ondemand") >= 1 && of(None, "/run/ondemand") >= 1, "{requests:?}");
    assert_eq!(of(Some(OF_PARENT), ""), 0);
}

#[test]
fn an_alert_of_a_bundle_belongs_to_its_trace() {
    let topology = TOPOLOGY.replace("sla: 24h", "sla: 1s");
    let mut cluster = Cluster::of(32, &topology, &short(), TEMPLATE);
    cluster.world.start("a").unwrap();
    cluster.advance(Duration::from_secs(5));
    cluster.write(&[child(1, 1, Some("garbage")), child(1, 2, Some(OF_CHILD)), child(2, 1, None)]);
    cluster.until(Duration::from_mins(2), |cluster| cluster.records("alerts").len() == 2);
    let mut traces: Vec<_> =
        cluster.records("alerts").iter().map(|record| trace_of(record).0.map(str::to_owned)).collect();
    traces.sort();
    assert_eq!(traces, [None, Some(OF_CHILD.to_owned())]);
}
