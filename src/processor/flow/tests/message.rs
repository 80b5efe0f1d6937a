//! Messages that come twice, early, late, or do not fit; starts and restarts.

use super::*;
use crate::processor::flow::count;

fn rejected(bench: &mut Bench, value: &str) -> (RejectReason, String) {
    let before = bench.flow.clone();
    let reject = bench.try_send(value).unwrap_err();
    assert_eq!(bench.flow, before, "a rejected message changes nothing");
    (reject.reason, reject.detail)
}

#[test]
fn a_completed_task_that_is_completed_again_starts_nothing() {
    let mut bench = Bench::parcel();
    bench.completed("PAY/charge_card");
    let before = bench.flow.clone();
    for word in ["TaskCompleted", "TaskFailed", "TaskPending"] {
        assert_eq!(bench.task(word, "PAY/charge_card"), [""; 0], "{word}");
        assert_eq!((&bench.flow, bench.alerts().len()), (&before, 0), "{word}: workers repeat their answers");
    }
    for task in ["PACK/pick_items", "PACK/print_label", "PACK/seal_box", "HAND_OVER/ring_bell"] {
        bench.completed(task);
    }
    let ended = bench.flow.clone();
    assert_eq!(bench.completed("HAND_OVER/ring_bell"), [""; 0], "the record of the end comes once");
    assert_eq!((&bench.flow, bench.alerts().len()), (&ended, 0), "and nobody is told of a repetition");
}

#[test]
fn an_early_answer_counts_when_its_stage_opens() {
    let mut bench = Bench::parcel();
    assert_eq!(bench.completed("PACK/pick_items"), [""; 0]);
    assert!(bench.statuses().contains("PACK=NOT STARTED pick_items=COMPLETED print_label=PENDING"));
    assert_eq!(bench.task("TaskPending", "PACK/seal_box"), [""; 0]);
    assert_eq!(bench.alert_kinds(), ["flow_answer_ignored"], "one that has not begun cannot begin again");
    bench.completed("PAY/charge_card");
    assert_eq!(bench.topics(), ["print_label_queue"], "it is not started");
    bench.completed("PACK/print_label");
    assert_eq!(bench.topics(), ["seal_box_queue"]);
    bench.completed("HAND_OVER/ring_bell");
    bench.completed("PACK/seal_box");
    assert_eq!(bench.topics(), ["flows"], "the last stage was completed before it began");
}

#[test]
fn what_does_not_fit_the_flow_is_rejected() {
    let mut bench = Bench::parcel();
    let own = r#""business_ref_no":"P-001","component_name":"PARCEL""#;
    for (value, reason, words) in [
        (
            task_message("TaskCompleted", "PAY/nothing"),
            RejectReason::BadValue,
            "of the task PAY/nothing, and flow P-001 (PARCEL) has no such task",
        ),
        (task_message("TaskCompleted", "PACK/charge_card"), RejectReason::BadValue, "has no such task"),
        (task_message("TaskCompleted", "/PAY"), RejectReason::BadValue, "has no such task"),
        (
            task_message("TaskStarted", "PAY/charge_card"),
            RejectReason::BadValue,
            "is a `TaskStarted`: the flows know StartWorkflow, TaskCompleted, TaskFailed, TaskPending",
        ),
        (format!("{{{own}}}"), RejectReason::MissingField, "`/event_name` of a message of workflow-events"),
        (r#"{"event_name":"TaskCompleted"}"#.to_owned(), RejectReason::MissingField, "`/business_ref_no`"),
        (
            r#"{"event_name":"TaskCompleted","business_ref_no":{}}"#.to_owned(),
            RejectReason::WrongType,
            "`/business_ref_no`",
        ),
        (
            format!(r#"{{{own},"event_name":"TaskCompleted","stage_name":"PAY"}}"#),
            RejectReason::MissingField,
            "`/task_name`",
        ),
        (
            format!(r#"{{{own},"event_name":"TaskCompleted","task_name":"charge_card"}}"#),
            RejectReason::MissingField,
            "`/stage_name`",
        ),
        ("{".to_owned(), RejectReason::Unparsable, ""),
        (String::new(), RejectReason::NoValue, "has no value"),
    ] {
        let (found, detail) = rejected(&mut bench, &value);
        assert!(found == reason && detail.contains(words), "{value}: {found:?} {detail}");
    }
    assert_eq!(bench.completed("PAY/charge_card").len(), 2, "it goes on");
}

#[test]
fn a_message_for_a_flow_that_has_not_begun_is_rejected() {
    let mut bench = Bench::new([parcel()]);
    let (reason, detail) = rejected(&mut bench, &task_message("TaskCompleted", "PAY/charge_card"));
    assert_eq!(reason, RejectReason::BadValue);
    assert!(detail.contains("a TaskCompleted for the flow P-001, which has not begun"), "{detail}");
}

#[test]
fn a_flow_begins_by_the_template_of_its_component_only() {
    let start = |component: &str| format!(r#"{{"business_ref_no":"P-001",{component}"event_name":"StartWorkflow"}}"#);
    let mut bench = Bench::new([parcel()]);
    let (reason, detail) = rejected(&mut bench, &start(r#""component_name":"PIZZA","#));
    assert_eq!(
        (reason, &*detail),
        (RejectReason::BadValue, "there is no template of the component `PIZZA`; there are PARCEL")
    );
    for missing in ["", r#""component_name":null,"#] {
        let (reason, detail) = rejected(&mut bench, &start(missing));
        assert_eq!(reason, RejectReason::MissingField);
        assert!(detail.starts_with("`/component_name` of a StartWorkflow is missing"), "{detail}");
    }
    let other = parse_template(&PARCEL.replace("\"PARCEL\"", "\"LETTER\"")).unwrap();
    let mut bench = Bench::new([other, parcel()]);
    let sent = bench.send(&start(r#""component_name":"LETTER","#));
    assert!(sent[0].contains(r#""component_name":"LETTER""#), "{sent:?}");
}

#[test]
fn a_flow_that_has_begun_does_not_begin_again_without_restart() {
    let mut bench = Bench::parcel();
    bench.completed("PAY/charge_card");
    let before = bench.flow.clone();
    assert_eq!(bench.start(), [""; 0], "the same StartWorkflow again");
    assert!(bench.has_counted(count::ALREADY_STARTED) && bench.alerts().is_empty());
    assert_eq!(bench.flow, before);
    let other = r#"{"business_ref_no":"P-001","component_name":"PARCEL","event_name":"StartWorkflow","weight":2"#;
    let (reason, detail) = rejected(&mut bench, &format!("{other}}}"));
    assert_eq!(reason, RejectReason::Conflict);
    assert!(detail.contains("(ALREADY_EXISTS)") && detail.contains(r#"`"restart": true`"#), "{detail}");
    for no_restart in [r#","restart":false}"#, r#","restart":"true"}"#, r#","restart":1}"#] {
        assert_eq!(rejected(&mut bench, &format!("{other}{no_restart}")).0, RejectReason::Conflict);
    }
}

#[test]
fn a_restart_begins_the_flow_anew_also_after_its_end() {
    let mut bench = Bench::parcel();
    bench.completed("PAY/charge_card");
    bench.completed("HAND_OVER/ring_bell");
    let version = bench.flow.as_ref().unwrap().facts.version;
    let restart =
        r#"{"business_ref_no":"P-001","component_name":"PARCEL","event_name":"StartWorkflow","restart":true}"#;
    bench.send(restart);
    assert_eq!(bench.topics(), ["charge_card_queue"]);
    assert_eq!(
        bench.statuses(),
        "RECEIVED=COMPLETED PAY=ACTIVE charge_card=SCHEDULED PACK=NOT STARTED pick_items=PENDING print_label=PENDING \
         seal_box=PENDING HAND_OVER=NOT STARTED ring_bell=PENDING",
        "what was completed or came early is forgotten"
    );
    assert!(bench.flow.as_ref().unwrap().facts.version > version, "the version goes on");
    assert_eq!(bench.send(restart), [""; 0], "the same restart again is none");
    assert!(bench.has_counted(count::ALREADY_STARTED));
    bench.command("cancel", &[]);
    let ends = |bench: &Bench| bench.forwards()[0].headers.iter().find(|it| it.name == "ce_id").unwrap().value.clone();
    let first = ends(&bench);
    assert_eq!(bench.send(restart), [""; 0], "also after the end");
    bench.send(&restart.replace("true}", "true,\"weight\":2}"));
    assert_eq!(bench.topics(), ["charge_card_queue"]);
    assert_eq!(bench.timer(TimerKind::Delay(0)), None);
    assert!(bench.effects.contains(&Effect::Unschedule(TimerKind::Delay(0))), "it is not deleted any more");
    bench.command("cancel", &[]);
    assert_ne!(ends(&bench), first, "each end has an id of its own");
}

#[test]
fn a_command_is_not_repeated_by_a_restart() {
    let mut bench = Bench::parcel();
    let order = command(Uuid::from_u128(1), "cancel", &[]);
    bench.give(&Input::Command(order.clone())).unwrap();
    bench.send(r#"{"business_ref_no":"P-001","component_name":"PARCEL","event_name":"StartWorkflow","restart":true}"#);
    bench.give(&Input::Command(order)).unwrap();
    assert_eq!(bench.flow.as_ref().unwrap().progress.ending, None);
}

#[test]
fn an_answer_after_the_end_is_told() {
    let mut bench = Bench::parcel();
    bench.command("cancel", &[]);
    let before = bench.flow.clone();
    assert_eq!(bench.completed("PAY/charge_card"), [""; 0]);
    assert_eq!(bench.flow, before);
    let [alert] = bench.alerts()[..] else { panic!("{:?}", bench.alerts()) };
    assert_eq!(alert.message, "a TaskCompleted for flow PARCEL P-001 changes nothing: the flow has ended");
}
