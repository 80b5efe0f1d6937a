//! The trace of W3C from the events of others to the call of Control-M, and the spans of sheaf in it.

use bytes::Bytes;
use serde_json::json;
use sheaf::model::{Headers, OutRecord};

use super::deployment::Deployment;
use super::process::until;
use crate::collector::{Collector, TakenSpan};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const OF_CHILD: &str = "b7ad6b7169203331";
const ID: &str = "00000000-0000-4000-8000-000000000001";

/// The one span of this name.
fn of<'a>(spans: &'a [TakenSpan], name: &str) -> &'a TakenSpan {
    let [span] = spans.iter().filter(|span| span.name == name).collect::<Vec<_>>()[..] else {
        panic!("{name}: {spans:?}")
    };
    span
}

#[test]
fn the_trace_of_an_event_goes_on_in_the_spans_of_sheaf_and_in_the_call() {
    let Some(mut deployment) = Deployment::open("e2e-trace") else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let collector = Collector::start(&runtime);
    deployment.settings.push(format!("otlp: {{ endpoint: '{}', service_name: orders }}", collector.endpoint()));
    let event = |topic: &str, value: &serde_json::Value, span: &str| {
        let headers = Headers::new().with("traceparent", format!("00-{TRACE}-{span}-01")).with("tracestate", "v=1");
        OutRecord::unkeyed(&deployment.topic(topic), Bytes::from(value.to_string())).with_headers(headers)
    };
    let child = json!({ "id": "00000000-0000-4001-8000-000000000001", "parent_id": ID, "position": 1 });
    let mut first = deployment.run("a");
    deployment.produce(&[event("children", &child, OF_CHILD)]);
    until("the bundle is open", || first.metric("sheaf_bundles_opened_total", "") >= 1.0);
    first.kill();
    let mut second = deployment.run("b");
    deployment.produce(&[event("parents", &json!({ "id": ID, "children": 1 }), "00f067aa0ba902b7")]);
    until("the bundle is delivered", || deployment.simulator.dump().folders.len() == 1);
    until("all spans have arrived", || collector.spans().len() >= 3);
    assert_eq!(second.terminate(), Some(0));

    let spans = collector.spans();
    assert_eq!(spans.len(), 3, "{spans:?}");
    assert!(spans.iter().all(|span| span.trace == TRACE && span.service["service.name"] == "orders"), "{spans:?}");
    let (bundle, delivery, call) = (of(&spans, "bundle"), of(&spans, "delivery"), of(&spans, "call control_m"));
    assert_eq!(bundle.parent, OF_CHILD, "the first member");
    assert_eq!((&delivery.parent, &call.parent), (&bundle.id, &delivery.id));
    let submissions = deployment.read(deployment.submissions.as_ref().expect("a topic"));
    let traceparent = format!("00-{TRACE}-{}-01", bundle.id);
    assert_eq!(submissions[0].headers.text("traceparent"), Some(traceparent.as_str()));
    assert_eq!(submissions[0].headers.text("tracestate"), Some("v=1"));
    let requests = deployment.simulator.requests();
    let submit = requests.iter().find(|request| !request.folders.is_empty()).expect("a submit");
    assert_eq!(submit.traceparent, Some(format!("00-{TRACE}-{}-01", call.id)));
    assert!(bundle.times.0 < bundle.times.1 && call.times.0 >= delivery.times.0, "{spans:?}");
    assert_eq!((&*bundle.attributes["sheaf.key"], &*bundle.attributes["sheaf.status"]), (ID, "closed"));
    assert_eq!(delivery.attributes["sheaf.status"], "submitted");
}
