//! What people see of a flow, and its stored form.

use serde_json::json;

use super::*;
use crate::codec::Versioned as _;

/// A parcel of which a label is printed and no item found.
fn stuck() -> Bench {
    let mut bench = Bench::parcel();
    bench.pass(1);
    bench.completed("PAY/charge_card");
    bench.pass(1);
    bench.completed("PACK/print_label");
    bench
}

#[test]
fn a_flow_shows_its_instance_document() {
    let mut bench = stuck();
    let failed = task_message("TaskFailed", "PACK/pick_items").replace('}', r#","reason":"none left"}"#);
    bench.pass(1);
    bench.send(&failed);
    let mut shown = bench.show();
    let (steps, waits) = (shown["steps"].take(), shown["waits_for"].take());
    let expected = json!({
        "key": "P-001", "status": "open/held", "flow": "PARCEL", "definition": parcel().digest.to_string(),
        "started_at": "2026-01-01T12:00:00.000Z", "ending": null, "steps": null, "waits_for": null, "at_steps": ["PACK/pick_items"],
        "business_ref_no": "P-001", "component_name": "PARCEL", "workflow_name": "Deliver Parcel",
        "version": 4, "updated_at": "2026-01-01T12:00:03.000Z",
        "stages": [
            { "stage_name": "RECEIVED", "stage_order": 0.0, "status": "COMPLETED" },
            { "stage_name": "PAY", "stage_order": 1.0, "status": "COMPLETED", "tasks": [
                { "task_name": "charge_card", "parent_task": [], "task_queue": "charge_card_queue", "task_type": "SERVICE",
                  "business_status": "PAID", "fee": 1.5, "account": 123_456_789_012_345_678_901_234_567_890_f64,
                  "status": "COMPLETED", "reason": "", "last_updated_time_pretty": "Thu Jan  1 12:00:01 2026" },
            ] },
            { "stage_name": "PACK", "stage_order": 2.0, "status": "ACTIVE", "tasks": [
                { "task_name": "pick_items", "parent_task": [], "task_type": "SERVICE", "task_queue": "pick_items_queue",
                  "status": "FAILED", "reason": "none left", "last_updated_time_pretty": "Thu Jan  1 12:00:03 2026" },
                { "task_name": "print_label", "parent_task": [], "task_type": "SERVICE", "task_queue": "print_label_queue",
                  "status": "COMPLETED", "reason": "", "last_updated_time_pretty": "Thu Jan  1 12:00:02 2026" },
                { "task_name": "seal_box", "parent_task": ["pick_items", "print_label"], "task_type": "SERVICE",
                  "task_queue": "seal_box_queue", "business_status": "PARCEL PACKED", "status": "PENDING" },
            ] },
            { "stage_name": "HAND_OVER", "stage_order": 3.0, "status": "NOT STARTED", "tasks": [
                { "task_name": "ring_bell", "parent_task": [], "task_type": "HUMAN", "task_queue": "ring_bell_queue",
                  "assigned_to": "courier", "business_status": "PARCEL DELIVERED", "status": "PENDING" },
            ] },
        ],
    });
    assert_eq!(shown, expected);
    let held = json!([{
        "step": "PACK/pick_items", "status": "held", "since": "2026-01-01T12:00:03.000Z", "human": false,
        "role": null, "person": null, "reason": "none left", "form": null, "form_fields": null,
    }]);
    assert_eq!(waits, held);
    let step = json!({
        "step": "PACK/print_label", "status": "done", "attempt": 1, "reruns": 0, "reason": null,
        "since": "2026-01-01T12:00:02.000Z", "due": null, "late_at": null,
    });
    assert_eq!((steps.as_array().unwrap().len(), &steps[5]), (9, &step));
}

#[test]
fn a_task_that_is_scheduled_has_no_reason_and_one_that_waits_to_begin_again_has_nothing() {
    let mut bench = stuck();
    let task = |bench: &Bench, stage: usize, task: usize| bench.show()["stages"][stage]["tasks"][task].clone();
    let scheduled = task(&bench, 2, 0);
    assert_eq!((&scheduled["status"], &scheduled["reason"]), (&json!("SCHEDULED"), &Value::Null));
    assert_eq!(scheduled["last_updated_time_pretty"], "Thu Jan  1 12:00:01 2026");
    bench.command("rerun", &["step=PAY", "downstream=yes"]);
    let fields = task(&bench, 2, 1).as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(fields, ["parent_task", "status", "task_name", "task_queue", "task_type"], "as before it began");
    bench.completed("PACK/seal_box");
    let early = task(&bench, 2, 2);
    assert_eq!((&early["status"], &early["reason"]), (&json!("COMPLETED"), &json!("")));
}

#[test]
fn a_stage_is_shown_although_a_task_before_it_has_its_name() {
    let text = PARCEL.replace("charge_card\"", "PACK\"");
    let mut bench = Bench::new([parse_template(&text).unwrap()]);
    bench.start();
    assert!(bench.statuses().contains("PAY=ACTIVE PACK=SCHEDULED PACK=NOT STARTED pick_items=PENDING"));
    bench.completed("PAY/PACK");
    assert!(bench.statuses().contains("PAY=COMPLETED PACK=COMPLETED PACK=ACTIVE pick_items=SCHEDULED"));
}

#[test]
fn a_flow_is_listed_by_its_own_status_and_by_the_step_at_which_it_is() {
    let number = parcel().digest.number();
    assert!(parcel().digest.to_string().starts_with(&format!("{number:08x}")), "as it is displayed");
    let at = |place: &str, step: &str| format!("{place}/PARCEL/{number:08x}/{step}");
    let mut bench = Bench::parcel();
    assert_eq!(bench.listed(), ["open/running".to_owned(), at("at", "charge_card")]);
    bench.task("TaskFailed", "PAY/charge_card");
    assert_eq!(bench.listed(), ["open/held".to_owned(), at("held", "charge_card")]);
    for task in ["PAY/charge_card", "PACK/pick_items", "PACK/print_label", "PACK/seal_box"] {
        bench.completed(task);
    }
    assert_eq!(bench.listed(), ["open/running".to_owned(), at("human", "ring_bell")]);
    let listing = bench.flows.listing(bench.flow.as_ref().unwrap());
    let started = Timestamp::from_millis(NOON);
    assert_eq!(listing.at, Some(started));
    let open: Vec<bool> =
        listing.statuses.as_slice().iter().map(|it| bench.flows.open_since(*it, started).is_some()).collect();
    assert_eq!(open, [true, false], "a flow is counted once");
    bench.completed("HAND_OVER/ring_bell");
    assert_eq!(bench.listed(), ["closed/completed"]);
    let mut cancelled = Bench::parcel();
    cancelled.command("cancel", &[]);
    assert_eq!(cancelled.listed(), ["closed/cancelled"]);
    assert_eq!(cancelled.show()["ending"], json!({ "ending": "cancelled", "reason": null }));
    assert_eq!(cancelled.flows.open_since(ListStatus(4), started), None);
    assert_eq!(cancelled.flows.status_name(ListStatus(9)), "not-known");
    let unknown = ListStatus((1 << 63) | (0x0102_0304 << 24) | (7 << 8) | 1);
    assert_eq!(cancelled.flows.status_name(unknown), "held/not-known/01020304/7");
}

#[test]
fn a_step_is_listed_with_its_stage_if_another_has_its_name() {
    let text = PARCEL.replace("\"pick_items\"", "\"charge_card\"");
    let definition = parse_template(&text).unwrap();
    let mut bench = Bench::new([definition]);
    bench.start();
    for stage in ["PAY", "PACK"] {
        let listed = bench.listed().pop().unwrap();
        assert!(listed.ends_with(&format!("/{stage}/charge_card")), "{listed}");
        bench.completed(&format!("{stage}/charge_card"));
    }
}

#[test]
fn all_that_is_counted_or_told_is_declared() {
    let mut bench = stuck();
    bench.task("TaskFailed", "PACK/pick_items");
    bench.start();
    let families = bench.flows.metrics();
    for effect in &bench.effects {
        let Effect::Count(count) = effect else { continue };
        let family = families.iter().find(|family| family.name == count.family).unwrap();
        assert!(family.series.contains(&count.labels), "{count:?}");
    }
    assert_eq!(bench.flows.alerts().len(), 4);
}

#[test]
fn a_flow_is_stored_and_read_in_version_1() {
    let mut bench = packed_and_more();
    let flow = bench.flow.take().unwrap();
    let mut bytes = Vec::new();
    flow.encode(&mut bytes).unwrap();
    assert_eq!(Flow::decode(1, &bytes).unwrap(), flow);
    assert!(Flow::decode(2, &bytes).unwrap_err().to_string().contains("unknown version 2 of a flow"));
    assert!(Flow::decode(1, &bytes[..bytes.len() - 1]).is_err());
    assert!(bytes.len() < 1_000, "{} bytes", bytes.len());
    let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, hex.as_bytes()).to_string();
    assert_eq!(digest, VERSION_1, "the bytes of version 1 stay: {hex}");
}

/// The digest of the bytes of [`packed_and_more`]. Another one needs a version 2, and version 1 stays readable.
const VERSION_1: &str = "1cd662c6-8608-5b2d-ae36-8316fb63b167";

/// A flow with a result, a trouble, an early answer, a person and a command.
fn packed_and_more() -> Bench {
    let mut bench = stuck();
    bench.task("TaskFailed", "PACK/pick_items");
    bench.completed("HAND_OVER/ring_bell");
    bench.command("complete", &["step=pick_items"]);
    bench.command("fail", &["step=seal_box", "reason=no tape"]);
    bench
}
