//! The commands of an operator.

use serde_json::json;

use super::*;
use crate::processor::check;
use crate::processor::flow::count;

fn refused(bench: &mut Bench, name: &str, arguments: &[&str]) -> String {
    let before = bench.flow.clone();
    bench.pass(1);
    let reject = bench.try_command(name, arguments).unwrap_err();
    assert_eq!((reject.reason, &bench.flow), (RejectReason::BadCommand, &before));
    let start = format!("command {name} of ann for flow P-001: ");
    reject.detail.strip_prefix(&start).unwrap_or_else(|| panic!("{}", reject.detail)).to_owned()
}

/// A parcel that is packed.
fn packed() -> Bench {
    let mut bench = Bench::parcel();
    for task in ["PAY/charge_card", "PACK/pick_items", "PACK/print_label", "PACK/seal_box"] {
        bench.completed(task);
    }
    bench
}

#[test]
fn a_task_is_run_again_alone_or_with_all_after_it() {
    let mut bench = packed();
    bench.command("rerun", &["step=PACK/pick_items"]);
    assert_eq!(bench.topics(), ["pick_items_queue"]);
    assert!(bench.statuses().ends_with(
        "PACK=ACTIVE pick_items=SCHEDULED print_label=COMPLETED seal_box=COMPLETED HAND_OVER=ACTIVE ring_bell=SCHEDULED"
    ));
    bench.command("rerun", &["step=pick_items", "downstream=yes"]);
    assert_eq!(bench.topics(), ["pick_items_queue"]);
    assert!(bench.statuses().ends_with("PACK=ACTIVE pick_items=SCHEDULED print_label=COMPLETED seal_box=PENDING HAND_OVER=NOT STARTED ring_bell=PENDING"));
    bench.completed("PACK/pick_items");
    assert_eq!(bench.topics(), ["seal_box_queue"]);
    bench.completed("PACK/seal_box");
    assert_eq!(bench.topics(), ["ring_bell_queue"]);
}

#[test]
fn a_stage_is_run_again_also_after_the_end() {
    let mut bench = packed();
    bench.completed("HAND_OVER/ring_bell");
    bench.command("rerun", &["step=PACK", "downstream=no"]);
    assert_eq!(bench.topics(), ["pick_items_queue", "print_label_queue"]);
    assert!(bench.has_counted(count::REOPENED));
    assert!(bench.effects.contains(&Effect::Unschedule(TimerKind::Delay(0))), "it is not deleted any more");
    assert!(bench.statuses().ends_with("HAND_OVER=COMPLETED ring_bell=COMPLETED"));
    for task in ["PACK/pick_items", "PACK/print_label", "PACK/seal_box"] {
        bench.completed(task);
    }
    assert_eq!(bench.topics(), ["flows"], "it ends again");
    bench.command("rerun", &["step=PAY", "downstream=yes"]);
    assert_eq!(bench.topics(), ["charge_card_queue"]);
    assert!(bench.statuses().ends_with("HAND_OVER=NOT STARTED ring_bell=PENDING"));
    assert_eq!(refused(&mut bench, "rerun", &["step=PACK"]), "the step has not begun");
    bench.command("rerun", &["step=RECEIVED"]);
    assert_eq!(bench.topics(), [""; 0], "a stage without tasks is completed at once");
}

#[test]
fn a_flow_that_ends_at_once_when_it_is_opened_has_a_record_of_this_end_too() {
    let mut bench = packed();
    bench.command("cancel", &[]);
    bench.command("rerun", &["step=RECEIVED"]);
    assert_eq!((bench.topics(), bench.has_counted(count::REOPENED)), (vec![], true));
    bench.command("complete", &["step=ring_bell"]);
    bench.command("rerun", &["step=RECEIVED"]);
    assert!(bench.sent()[0].contains(r#""ending":"completed""#), "{:?}", bench.sent());
    assert!(bench.has_counted(count::REOPENED) && bench.has_counted(count::COMPLETED));
    assert!(bench.timer(TimerKind::Delay(0)).is_some());
}

#[test]
fn a_person_completes_a_task_with_a_result() {
    let mut bench = packed();
    bench.task("TaskFailed", "HAND_OVER/ring_bell");
    assert!(
        refused(&mut bench, "complete", &["step=ring_bell", "result=[1]"]).starts_with("`result` is no JSON object")
    );
    bench.command("complete", &["step=HAND_OVER/ring_bell", r#"result={"at":1.50}"#]);
    assert_eq!(bench.topics(), ["flows"]);
    let content = bench.flows.content(&bench.key, bench.flow.as_ref().unwrap()).unwrap();
    assert_eq!(content["results"]["ring_bell"], serde_json::json!({ "at": 1.5 }));
    assert_eq!(content["start"]["component_name"], "PARCEL");
    assert!(refused(&mut bench, "complete", &["step=ring_bell"]).contains("is over; `rerun` has it begin again"));
    let mut bench = Bench::parcel();
    assert_eq!(refused(&mut bench, "complete", &["step=ring_bell"]), "the step has not begun");
    assert_eq!(refused(&mut bench, "complete", &["step=PAY"]), "the step asks for nothing");
}

#[test]
fn a_person_fails_a_task() {
    let mut bench = Bench::parcel();
    bench.command("fail", &["step=charge_card", "reason=no money"]);
    assert_eq!(bench.alert_kinds(), ["flow_held"]);
    assert_eq!(bench.show()["stages"][1]["tasks"][0]["reason"], "no money");
    bench.command("fail", &["step=charge_card"]);
    assert_eq!(bench.show()["stages"][1]["tasks"][0]["reason"], "it must be", "why the operator has done it");
}

#[test]
fn a_person_skips_a_task_or_a_stage() {
    let mut bench = Bench::parcel();
    bench.command("skip", &["step=HAND_OVER"]);
    bench.command("skip", &["step=charge_card"]);
    assert_eq!(bench.topics(), ["pick_items_queue", "print_label_queue"]);
    assert!(bench.statuses().starts_with("RECEIVED=COMPLETED PAY=COMPLETED charge_card=SKIPPED PACK=ACTIVE"));
    assert!(bench.statuses().ends_with("HAND_OVER=SKIPPED ring_bell=SKIPPED"));
    assert!(refused(&mut bench, "skip", &["step=charge_card"]).starts_with("the step is over"));
    bench.command("skip", &["step=PACK"]);
    assert_eq!(bench.topics(), ["flows"]);
}

#[test]
fn a_person_takes_a_task_and_it_is_given_to_another() {
    let mut bench = packed();
    let person = |bench: &Bench| bench.show()["waits_for"][0]["person"].clone();
    assert_eq!(person(&bench), Value::Null);
    bench.command("claim", &["step=ring_bell"]);
    assert_eq!(person(&bench), "ann");
    bench.command("claim", &["step=ring_bell"]);
    bench.command("reassign", &["step=ring_bell", "to=bob"]);
    assert_eq!(person(&bench), "bob");
    assert_eq!(refused(&mut bench, "claim", &["step=ring_bell"]), "bob has it; `reassign` gives it to another");
    assert_eq!(refused(&mut bench, "claim", &["step=seal_box"]), "the step is no task of a person that waits");
    assert_eq!(bench.sent(), [""; 0]);
    bench.task("TaskPending", "HAND_OVER/ring_bell");
    assert_eq!(person(&bench), Value::Null, "who has had the former attempt does not have the next");
    bench.command("cancel", &[]);
    for (name, arguments) in [("claim", &["step=ring_bell"][..]), ("reassign", &["step=ring_bell", "to=bob"])] {
        assert!(refused(&mut bench, name, arguments).starts_with("the flow has ended"));
    }
}

#[test]
fn a_person_cancels_a_flow() {
    let mut bench = Bench::parcel();
    bench.command("cancel", &[]);
    assert!(bench.sent()[0].contains(r#""ending":"cancelled""#) && bench.has_counted(count::CANCELLED));
    for (name, arguments) in [("cancel", &[][..]), ("skip", &["step=PACK"]), ("fail", &["step=charge_card"])] {
        assert!(refused(&mut bench, name, arguments).starts_with("the flow has ended"));
    }
    bench.command("rerun", &["step=charge_card"]);
    assert_eq!(bench.topics(), ["charge_card_queue"]);
}

#[test]
fn a_command_that_is_repeated_changes_nothing() {
    let steps = ["step=PACK/pick_items", "downstream=yes"];
    for (name, arguments) in [("rerun", &steps[..]), ("skip", &["step=HAND_OVER"]), ("claim", &["step=ring_bell"])] {
        let mut bench = packed();
        let order = Input::Command(command(Uuid::from_u128(7), name, arguments));
        bench.give(&order).unwrap();
        let once = bench.flow.clone();
        bench.pass(60);
        bench.give(&order).unwrap();
        assert_eq!((&bench.flow, &bench.effects), (&once, &vec![]), "{name}");
    }
    let mut bench = packed();
    for number in 0..20 {
        bench.give(&Input::Command(command(Uuid::from_u128(number), "rerun", &["step=PAY"]))).unwrap();
    }
    let kept = bench.flow.unwrap().facts.commands;
    assert_eq!((kept.len(), kept[0]), (COMMANDS_KEPT, Uuid::from_u128(12)));
}

#[test]
fn a_command_that_does_not_fit_is_refused_with_what_there_is() {
    let mut bench = Bench::parcel();
    let detail = refused(&mut bench, "rerun", &["step=nothing"]);
    assert!(detail.starts_with("it has no step `nothing`; it has RECEIVED, PAY, PAY/charge_card, PACK, "), "{detail}");
    assert!(refused(&mut bench, "rerun", &[]).contains("no step ``"));
    assert!(refused(&mut bench, "pause", &[]).contains("do not know the command pause"));
    bench.flow = None;
    assert!(refused(&mut bench, "cancel", &[]).starts_with("there is no such flow"));
    let specs = bench.flows.commands();
    let is_valid = |name, arguments: &[&str]| check(specs, &command(Uuid::nil(), name, arguments)).is_ok();
    assert!(is_valid("rerun", &["step=PAY", "downstream=yes"]) && !is_valid("rerun", &["step=PAY", "downstream=1"]));
    assert!(is_valid("cancel", &[]) && !is_valid("skip", &[]) && !is_valid("reassign", &["step=ring_bell"]));
}

#[test]
fn the_result_of_a_person_is_as_the_form_of_the_task_says() {
    let form = r#""form": { "properties": { "signed_by": { "type": "string" }, "at": { "type": "integer" } }, "required": ["signed_by"] }"#;
    let template = PARCEL.replace(r#""assigned_to": "courier""#, &format!(r#""assigned_to": "courier", {form}"#));
    let mut bench = Bench::new([parse_template(&template).unwrap()]);
    bench.start();
    for task in ["PAY/charge_card", "PACK/pick_items", "PACK/print_label", "PACK/seal_box"] {
        bench.completed(task);
    }
    let wait = bench.show()["waits_for"][0].clone();
    assert_eq!(
        (&wait["form"]["required"][0], &wait["form_fields"]),
        (&json!("signed_by"), &json!(["signed_by", "at"]))
    );
    let told = refused(&mut bench, "complete", &["step=ring_bell", r#"result={"at":"noon"}"#]);
    let (start, mistakes) = told.split_once(": ").unwrap();
    assert_eq!(start, "`result` is not as the form of the task says");
    assert!(mistakes.contains("`/at`: \"noon\" is not of type \"integer\""), "{told}");
    assert!(mistakes.contains("\"signed_by\" is a required property"), "{told}");
    assert!(refused(&mut bench, "complete", &["step=ring_bell"]).contains("signed_by"), "without a result too");
    assert!(refused(&mut bench, "complete", &["step=seal_box"]).contains("the step is over"), "one without a form");
    bench.command("complete", &["step=ring_bell", r#"result={"signed_by":"bob"}"#]);
    assert_eq!(bench.show()["status"], "closed/completed");
    let late = refused(&mut bench, "complete", &["step=ring_bell"]);
    assert!(!late.contains("form"), "it is over, whatever the result: {late}");
}

#[test]
fn a_field_of_a_template_that_is_called_form_need_not_be_one() {
    let with =
        |form: &str| parse_template(&PARCEL.replace(r#""assigned_to": "courier""#, &format!(r#""form": {form}"#)));
    with("\"f-17\"").unwrap();
    let refused = with(r#"{ "type": "object", "properties": 7 }"#).unwrap_err().to_string();
    assert!(refused.contains("`form` is no JSON Schema: `/properties`: 7 is not of type"), "{refused}");
    let of_service = PARCEL.replace(r#""fee": 1.50"#, r#""form": { "properties": 7 }"#);
    parse_template(&of_service).unwrap();
}
