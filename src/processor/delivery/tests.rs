//! Tests of encoding, keying, names and counts; the behaviour is tested by `tests/golden/delivery`.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::codec::{Error, Versioned, entry};
use crate::model::{Headers, Record, RejectReason, Topic, TopicPartition};
use crate::processor::{Count, Keyed, Keying};

fn submission() -> Value {
    json!({
        "bundle_id": "p1", "parent": {"id": "p1"}, "children": [{"id": "c1", "parent_id": "p1"}],
        "first_event_at": "2026-01-01T00:00:00.000Z", "completed_at": "2026-01-01T01:00:00.000Z", "late": false,
    })
}

fn record(key: Option<&str>, value: Option<&[u8]>) -> Record {
    Record {
        source: TopicPartition::new(&Topic::new("ctm-submissions"), 0),
        offset: 7,
        timestamp: Timestamp::from_millis(1_000),
        key: key.map(|key| Bytes::copy_from_slice(key.as_bytes())),
        value: value.map(Bytes::copy_from_slice),
        headers: Headers::new(),
    }
}

#[test]
fn a_submission_is_keyed_by_its_own_key() {
    let value = submission().to_string();
    let keyed = SubmissionKeying::new("ctm").key(&record(Some("p1"), Some(value.as_bytes())));
    let Ok(Keyed::To(keyed)) = keyed else { panic!("it belongs to an entry: {keyed:?}") };
    assert_eq!((keyed.key, keyed.at), (Key::new("p1"), Timestamp::from_millis(1_000)));
}

#[test]
fn a_submission_of_another_application_is_passed_over() {
    let value = submission().to_string();
    let keyed = |source: &'static str| {
        let headers = Headers::new().with("ce_source", source);
        SubmissionKeying::new("ctm").key(&Record { headers, ..record(Some("p1"), Some(value.as_bytes())) }).unwrap()
    };
    assert_eq!(keyed("/sheaf/ctm-2/control-m"), Keyed::Foreign("ctm-2".to_owned()));
    for taken in ["/sheaf/ctm/control-m", "/sheaf/control-m", "/orders", ""] {
        assert!(matches!(keyed(taken), Keyed::To(_)), "`{taken}` names no other application");
    }
}

#[test]
fn a_bundle_may_have_no_parent() {
    let mut value = submission();
    value["parent"] = Value::Null;
    assert!(SubmissionKeying::new("ctm").key(&record(Some("p1"), Some(value.to_string().as_bytes()))).is_ok());
}

#[test]
fn an_unknown_field_is_ignored() {
    let mut value = submission();
    value["policy"] = json!({"x": 1});
    assert!(SubmissionKeying::new("ctm").key(&record(Some("p1"), Some(value.to_string().as_bytes()))).is_ok());
}

/// The key and value of an invalid submission, and the reason of its rejection.
type Case<'a> = (Option<&'a str>, Option<&'a [u8]>, RejectReason);

#[test]
fn an_invalid_submission_is_rejected_with_its_reason() {
    let good = submission().to_string();
    let mut no_parent = submission();
    no_parent.as_object_mut().unwrap().remove("parent");
    let no_parent = no_parent.to_string();
    let cases: [Case<'_>; 7] = [
        (None, Some(good.as_bytes()), RejectReason::BadId),
        (Some("p2"), Some(good.as_bytes()), RejectReason::BadId),
        (Some("p1"), None, RejectReason::NoValue),
        (Some("p1"), Some(b"{"), RejectReason::Unparsable),
        (Some("p1"), Some(b"\xff"), RejectReason::Unparsable),
        (Some("p1"), Some(b"[]"), RejectReason::MissingField),
        (Some("p1"), Some(no_parent.as_bytes()), RejectReason::MissingField),
    ];
    for (key, value, reason) in cases {
        let reject = SubmissionKeying::new("ctm").key(&record(key, value)).unwrap_err();
        assert_eq!(reject.reason, reason, "{key:?} {value:?}: {reject}");
    }
}

fn open() -> Open {
    Open {
        deliverable: Deliverable { name: "folder-p1".into(), content: "{}".into(), revision: "abc".into() },
        origin: "s-0@7".into(),
        attempts: 2,
        since: Timestamp::from_millis(0),
        commands: 0,
        call: 3,
        submit: 2,
        intended_at: Timestamp::from_millis(1_000),
        doubtful_since: Some(Timestamp::from_millis(500)),
        lookup_failures: 1,
        last_answer: Some(LastAnswer { at: Timestamp::from_millis(600), text: "busy".into() }),
    }
}

fn end() -> End {
    End {
        name: "folder-p1".into(),
        revision: "abc".into(),
        origin: "s-0@7".into(),
        attempts: 2,
        at: Timestamp::from_millis(2_000),
        content: None,
        call: 1,
        commands: 0,
        proof: None,
        detail: Some("why".into()),
    }
}

#[test]
fn the_bytes_of_versions_2_to_4_are_unchanged() {
    let former_bytes = "09666f6c6465722d7031027b7d0361626305732d3040370200000302fbd00701fbe80301";
    let open_bytes = format!("{former_bytes}01fbb0040462757379");
    let end_bytes = "09666f6c6465722d70310361626305732d30403702fba00f000100";
    let run = Some(Proof::Accepted("r1".into()));
    let job = Some(Proof::Found("j1".into()));
    let cases = [
        (Journal::Submitting(open()), format!("00{open_bytes}")),
        (Journal::Waiting(open()), format!("01{open_bytes}")),
        (Journal::Unsure(open()), format!("02{open_bytes}")),
        (Journal::LookingUp(open()), format!("03{open_bytes}")),
        (Journal::Submitted(End { proof: run, detail: None, ..end() }), format!("04{end_bytes}0100{}00", "027231")),
        (Journal::Submitted(End { proof: job, detail: None, ..end() }), format!("04{end_bytes}0101{}00", "026a31")),
        (Journal::Failed(end()), format!("05{end_bytes}000103776879")),
        (Journal::Unknown(end()), format!("06{end_bytes}000103776879")),
        (Journal::Held(end()), format!("07{end_bytes}000103776879")),
    ];
    for (journal, golden) in cases {
        let mut bytes = Vec::new();
        journal.encode(&mut bytes).unwrap();
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex.concat(), golden, "{journal:?}");
        assert_eq!(
            journal.version(),
            if matches!(journal, Journal::Held(_)) { 4 } else { 3 },
            "an older sheaf reads it"
        );
        assert_eq!(Journal::decode(journal.version(), &bytes).unwrap(), journal);
    }
    let hex: Vec<char> = format!("01{former_bytes}").chars().collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    let former = Journal::decode(2, &hex.chunks(2).map(byte).collect::<Vec<_>>()).unwrap();
    assert_eq!(former, Journal::Waiting(Open { last_answer: None, ..open() }));
}

#[test]
fn a_newer_version_names_the_sheaf_that_wrote_it() {
    let mut bytes = Vec::new();
    entry::encode(&entry::Head::default(), Journal::VERSION + 1, b"", &mut bytes).unwrap();
    let error = entry::decode_body::<Journal>(&entry::decode(&bytes).unwrap(), Vec::new()).unwrap_err();
    assert!(matches!(error, Error::UnknownVersion { what: "delivery", found: 5, known: 4, .. }), "{error}");
}

#[test]
fn every_count_is_listed_once() {
    let template = crate::template::Template::compile("t", "{}").unwrap();
    let folders = control_m::Folders::new(template, "s");
    let families = Delivery::new(folders, control_m::usual_settings()).metrics();
    let series = families
        .iter()
        .flat_map(|family| family.series.iter().map(|labels| Count { family: family.name, labels: *labels }));
    let all: Vec<_> = series.collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    let render = |result| Count::with("template_renders_total", result);
    for counted in [count::ACCEPTED, count::INHERITED, render("undefined"), render("no_folder")] {
        assert!(all.contains(&counted), "{counted:?}");
    }
}

#[test]
fn an_open_delivery_is_listed_by_its_begin_and_not_by_its_latest_attempt() {
    let (begun, latest) = (Timestamp::from_millis(1_000), Timestamp::from_millis(600_000));
    let waiting = Journal::Waiting(Open { since: begun, intended_at: latest, ..open() });
    assert_eq!(status::listing(&waiting).at, Some(begun));
}

#[test]
fn what_is_kept_of_an_answer_is_bounded() {
    assert_eq!(LastAnswer::new(Timestamp::from_millis(1), &"ä".repeat(5_000)).text, "ä".repeat(300));
}

#[test]
fn a_delivery_has_its_request_while_it_is_kept_and_its_latest_answer_and_no_address_or_credential() {
    let template = crate::template::Template::compile("t", "{}").unwrap();
    let delivery = Delivery::new(control_m::Folders::new(template, "s"), control_m::usual_settings());
    let content = |journal| delivery.content(&Key::new("p1"), &journal).unwrap();
    let request = json!({
        "method": "POST", "path": "/run/ondemand", "headers": { "content-type": "multipart/form-data" }, "body": "{}",
    });
    let answer = |text: &str| json!({ "at": "1970-01-01T00:00:02.000Z", "text": text });
    let busy = json!({ "at": "1970-01-01T00:00:00.600Z", "text": "busy" });
    assert_eq!(content(Journal::Waiting(open())), json!({ "request": request, "answer": busy }));
    let failed = End { content: Some(Content::Made("{}".into())), ..end() };
    assert_eq!(content(Journal::Failed(failed)), json!({ "request": request, "answer": answer("why") }));
    let unmade = End { content: Some(Content::Submission("[1]".into())), ..end() };
    assert_eq!(content(Journal::Failed(unmade)), json!({ "submission": "[1]", "answer": answer("why") }));
    let submitted = End { proof: Some(Proof::Accepted("r1".into())), detail: None, ..end() };
    assert_eq!(content(Journal::Submitted(submitted)), json!({ "answer": answer("accepted: r1") }));
}
