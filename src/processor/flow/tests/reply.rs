//! Flows that send messages and wait for answers: types, correlation ids, data, conditions.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::codec::json::Pointer;
use crate::processor::place::Place;
use crate::template::{Expression, Template};

/// Money is charged, then a parcel is sent if it costs something, and somebody says that it has come.
fn order() -> Definition {
    let mut order = Definition::new("order", Form::Steps, "order 1");
    order.start = "OrderPlaced".into();
    let step = |name, kind| Step::new(name, Graph::ROOT, kind);
    let charge = order.graph.add_step(step("charge", Kind::Request));
    let send = order.graph.add_step(Step { needs: vec![charge], ..step("send", Kind::Once) });
    let come = order.graph.add_step(Step { needs: vec![send], ..step("come", Kind::Request) });
    let message = |kind: &str, data: &str, reply: Option<&str>| {
        let data = Some(Template::compile(kind, data).unwrap());
        Action::Send(Message { kind: kind.into(), data, reply: reply.map(Into::into) })
    };
    order.set_action(charge, message("Charge", r#"{"amount":{{ start.total }},"of":"{{ key }}"}"#, Some("Charged")));
    order.set_action(send, message("Send", r#"{"paid":{{ charge.amount }}}"#, None));
    order.set_condition(send, Expression::compile("charge.amount > 0").unwrap());
    order.set_action(come, Action::Await("Come".into()));
    order
}

fn bench() -> Bench {
    bench_with(false)
}

fn bench_with(embeds_key: bool) -> Bench {
    let field = |name| Place::Value(Pointer::of([name]));
    let reads = Reads {
        kind: field("type"),
        key: field("traceid"),
        correlation: Some(field("correlationid")),
        data: Pointer::of(["data"]),
        ..Reads::of_templates(TOPIC)
    };
    let writes = Writes {
        topic: "retail".to_owned(),
        format: WriteFormat::Json,
        type_header: "type".to_owned(),
        source: "order".to_owned(),
        carry: vec!["traceid".to_owned()],
        set: BTreeMap::from([("sender".to_owned(), "sheaf".to_owned())]),
        embeds_key,
    };
    Bench::of(Flows::new(
        Settings { reads: vec![reads], writes: Some(writes), ..settings() },
        Definitions::new([order()]),
    ))
}

fn message(kind: &str, correlation: &str, data: &str) -> String {
    format!(r#"{{"type":"{kind}","traceid":"P-001"{correlation},"data":{data}}}"#)
}

fn record(value: &str) -> Record {
    Record {
        source: TopicPartition::new(&Topic::new(TOPIC), 0),
        offset: 0,
        timestamp: Timestamp::from_millis(NOON),
        key: None,
        value: Some(Bytes::from(value.to_owned())),
        headers: Headers::new(),
    }
}

fn sent(bench: &Bench) -> Vec<Value> {
    bench.forwards().iter().map(|it| serde_json::from_slice(it.value.as_deref().unwrap()).unwrap()).collect()
}

#[test]
fn an_answer_is_found_by_its_correlation_id_and_its_data_are_used() {
    let mut bench = bench();
    bench.send(&message("OrderPlaced", "", r#"{"total":10.50}"#));
    let charge = sent(&bench)[0].clone();
    let value = String::from_utf8(bench.forwards()[0].value.as_deref().unwrap().to_vec()).unwrap();
    assert!(value.ends_with(r#""data":{"amount":10.50,"of":"P-001"}}"#), "with its digits: {value}");
    let own = (&charge["type"], &charge["traceid"], &charge["sender"]);
    assert_eq!(own, (&json!("Charge"), &json!("P-001"), &json!("sheaf")));
    let id = charge["correlationid"].as_str().unwrap();

    bench.send(&message("Charged", r#","correlationid":"somebody-else""#, r#"{"amount":1}"#));
    assert_eq!((sent(&bench), bench.alert_kinds()), (vec![], vec!["flow_answer_ignored"]));
    bench.send(&message("Charged", &format!(r#","correlationid":"{id}""#), r#"{"amount":2.50}"#));
    assert_eq!(sent(&bench)[0]["data"], json!({ "paid": 2.5 }));
    bench.send(&message("Charged", &format!(r#","correlationid":"{id}""#), r#"{"amount":2.50}"#));
    assert_eq!((sent(&bench), bench.alerts().len()), (vec![], 0), "the answer again");
    bench.send(&message("Come", r#","correlationid":"any""#, "{}"));
    assert_eq!(bench.topics(), ["flows"], "what is only awaited has no id of ours");
}

#[test]
fn an_answer_without_a_key_belongs_to_the_flow_that_its_correlation_id_names() {
    let mut bench = bench_with(true);
    let (_, keying) = bench.flows.keyings().next().unwrap();
    let key_of = |text: &str| match keying.key(&record(text)) {
        Ok(Keyed::To(to)) => Ok(to.key.text().into_owned()),
        Ok(Keyed::Pass | Keyed::Foreign(_)) => panic!("it is passed over"),
        Err(reject) => Err(reject.reason),
    };
    bench.send(&message("OrderPlaced", "", r#"{"total":10}"#));
    let charge = sent(&bench)[0].clone();
    let id = charge["correlationid"].as_str().unwrap();
    assert!(id.starts_with("P-001~"), "{id}");
    let answer = format!(r#"{{"type":"Charged","correlationid":"{id}","data":{{"amount":3}}}}"#);
    assert_eq!(key_of(&answer), Ok("P-001".to_owned()));
    bench.send(&answer);
    assert_eq!(sent(&bench)[0]["data"], json!({ "paid": 3 }));

    let named = |id: &str| key_of(&format!(r#"{{"type":"Charged","correlationid":"{id}","data":{{}}}}"#));
    assert_eq!(named("a~b~0d-1"), Ok("a~b".to_owned()), "a key may have the sign in it");
    assert_eq!((named("0d-1"), named("~0d-1")), (Err(RejectReason::MissingField), Err(RejectReason::MissingField)));
    assert_eq!(key_of(&message("Charged", r#","correlationid":"other~0d-1""#, "{}")), Ok("P-001".to_owned()));
    let plain = self::bench();
    let (_, keying) = plain.flows.keyings().next().unwrap();
    assert_eq!(keying.key(&record(&answer)).unwrap_err().reason, RejectReason::MissingField);
}

#[test]
fn a_condition_decides_by_the_answer_and_one_that_cannot_be_judged_holds_the_step() {
    let mut free = bench();
    free.send(&message("OrderPlaced", "", r#"{"total":0}"#));
    free.send(&message("Charged", "", r#"{"amount":0}"#));
    assert!(sent(&free).is_empty());
    assert_eq!(free.flow.as_ref().unwrap().progress.status(StepId(1)), Status::Skipped);
    let mut broken = bench();
    broken.send(&message("OrderPlaced", "", r#"{"total":1}"#));
    broken.send(&message("Charged", "", "{}"));
    assert_eq!(broken.alert_kinds(), ["flow_held"]);
    broken.command("skip", &["step=send"]);
    broken.send(&message("Come", "", "{}"));
    assert_eq!(broken.topics(), ["flows"]);
}

#[test]
fn a_message_that_no_flow_knows_is_passed_over() {
    let bench = bench();
    let (_, keying) = bench.flows.keyings().next().unwrap();
    assert_eq!(keying.key(&record(&message("Refunded", "", "{}"))).unwrap(), Keyed::Pass);
}
