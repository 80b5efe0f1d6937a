//! Schema versions: an incompatible one is a dead letter of its own reason, and unknown fields are kept.

use serde_json::{Value, json};
use sheaf::model::{Headers, Record, RejectReason};

use crate::events::{Sources, headed, json, record};

/// A source of single children with this rule.
fn sources(version: &str) -> Sources {
    let source = format!("  - {{ topic: t, member: child, bundle: /b, id: /id, version: {version} }}");
    Sources::new(&source, "{ key: text, children: 1 }")
}

fn event(version: Value) -> Record {
    let mut event = json!({"b": "b1", "id": "i", "new": {"kept": [1]}});
    event.as_object_mut().unwrap().extend([("v".to_owned(), version)]);
    json("t", &event)
}

#[test]
fn an_accepted_version_is_read_and_its_unknown_fields_are_kept() {
    let sources = sources("{ at: /v, accepts: [1, \"2.*\"] }");
    for version in [json!(1), json!("1"), json!(1.0), json!("2.0"), json!("2.17-beta"), json!(2.5), json!(2.0)] {
        let value: Value = serde_json::from_slice(&sources.submission(&[event(version.clone())]).unwrap()).unwrap();
        assert_eq!(value["children"][0]["new"], json!({"kept": [1]}), "{version}");
    }
}

#[test]
fn an_incompatible_or_a_missing_version_is_refused_by_its_own_reason() {
    let sources = sources("{ at: /v, accepts: [1, \"2.*\"] }");
    let refused = |what: &str| {
        let detail =
            format!("incompatible schema version: `/v` of a child in t is {what}, and `1` or `2.*` is accepted");
        (RejectReason::IncompatibleVersion, detail)
    };
    for (version, what) in [
        (json!(3), "`3`"),
        (json!("2"), "`2`"),
        (json!("10"), "`10`"),
        (json!(true), "a boolean"),
        (json!({"major": 1}), "an object"),
        (json!(null), "missing"),
    ] {
        assert_eq!(sources.rejected(&event(version)), refused(what));
    }
    assert_eq!(sources.rejected(&json("t", &json!({"b": "b1", "id": "i"}))), refused("missing"));
    let mut wrong = event(json!(3));
    wrong.value = Some(r#"{"v": 3}"#.into());
    assert_eq!(sources.rejected(&wrong), refused("`3`"), "fields of another version are not asked for");
}

#[test]
fn a_missing_version_may_be_accepted() {
    let sources = sources("{ at: /v, accepts: 2, missing: accept }");
    assert!(sources.submission(&[json("t", &json!({"b": "b1", "id": "i"}))]).is_some());
    assert!(sources.submission(&[event(json!(null))]).is_some());
    assert_eq!(sources.rejected(&event(json!(1))).0, RejectReason::IncompatibleVersion);
}

#[test]
fn another_version_in_another_format_is_told_as_such() {
    let in_header = sources("{ at: { header: schema }, accepts: v1 }");
    let avro = |version| headed(record("t", &b"\0\0\0\0\x07\x02"[..]), &[("schema", version)]);
    assert_eq!(in_header.rejected(&avro("v2")).0, RejectReason::IncompatibleVersion);
    assert_eq!(
        in_header.rejected(&avro("v1")).0,
        RejectReason::Unparsable,
        "the version is right, and the bytes are not"
    );
    let unheaded = Record { headers: Headers::new(), ..avro("v1") };
    assert_eq!(in_header.rejected(&unheaded).0, RejectReason::Unparsable);

    let source = "  - { topic: t, format: cloudevents, member: child, bundle: /b, id: { ce: id }, version: { at: { ce: dataschema }, accepts: \"https://s/order/1.*\" } }";
    let by_schema = Sources::new(source, "{ key: text, children: 1 }");
    let binary = |schema, content_type| {
        let fixed = [("ce_specversion", "1.0"), ("ce_id", "i"), ("ce_source", "/s"), ("ce_type", "t")];
        headed(
            json("t", &json!({"b": "b1"})),
            &[&fixed[..], &[("ce_dataschema", schema), ("content-type", content_type)]].concat(),
        )
    };
    assert!(by_schema.submission(&[binary("https://s/order/1.4", "application/json")]).is_some());
    let (reason, detail) = by_schema.rejected(&binary("https://s/order/2.0", "application/avro"));
    assert_eq!(reason, RejectReason::IncompatibleVersion);
    assert!(detail.contains("`ce dataschema` of a child in t is `https://s/order/2.0`"), "{detail}");
    let (reason, _) = by_schema.rejected(&binary("https://s/order/1.4", "application/avro"));
    assert_eq!(reason, RejectReason::Unparsable);

    let source = "  - { topic: t, format: cloudevents, member: child, bundle: /b, id: { ce: id }, version: { at: { ce: type }, accepts: \"*.v1\" } }";
    let by_type = Sources::new(source, "{ key: text, children: 1 }");
    let of_type = |kind: &str| {
        let event = json!({"specversion": "1.0", "id": "i", "source": "/s", "type": kind, "data": {"b": "b1"}});
        headed(json("t", &event), &[("content-type", "application/cloudevents+json")])
    };
    assert!(by_type.submission(&[of_type("order.v1")]).is_some());
    assert_eq!(by_type.rejected(&of_type("order.v2")).0, RejectReason::IncompatibleVersion);
}

#[test]
fn a_source_of_its_own_reads_another_version() {
    let sources = Sources::new(
        "  - { topic: t, member: child, where: [{ at: /v, is: 1 }], bundle: /b, id: /id }
  - { topic: t, member: child, where: [{ at: /v, is: 2 }], bundle: /order/b, id: /order/id }",
        "{ key: text, children: 2 }",
    );
    let second = json("t", &json!({"v": 2, "order": {"b": "b1", "id": "j"}}));
    assert!(sources.submission(&[event(json!(1)), second]).is_some());
}
