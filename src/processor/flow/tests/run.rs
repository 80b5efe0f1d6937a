//! A flow of a staged template from its start to its end: stages one after another, tasks when their parents are completed.

use super::*;
use crate::processor::flow::count;
use crate::processor::place::Place;

#[test]
fn a_flow_runs_from_its_start_to_its_end() {
    let mut bench = Bench::new([parcel()]);
    let sent = bench.start();
    assert_eq!(
        sent,
        [concat!(
            r#"charge_card_queue: {"business_ref_no":"P-001","component_name":"PARCEL","event_name":"StartTask","#,
            r#""stage_name":"PAY","task_name":"charge_card","task_type":"SERVICE","business_status":"PAID","#,
            r#""fee":1.50,"account":123456789012345678901234567890}"#
        )]
    );
    let headers = &bench.forwards()[0].headers;
    let names: Vec<&str> = headers.iter().map(|header| &*header.name).collect();
    assert_eq!(names, ["content-type", "type", "id", "correlationid"]);
    assert!(bench.has_counted(count::STARTED) && bench.has_counted(count::BEGUN));
    assert_eq!(
        bench.statuses(),
        "RECEIVED=COMPLETED PAY=ACTIVE charge_card=SCHEDULED PACK=NOT STARTED pick_items=PENDING print_label=PENDING \
         seal_box=PENDING HAND_OVER=NOT STARTED ring_bell=PENDING",
        "a stage without tasks is completed at once"
    );
    bench.completed("PAY/charge_card");
    assert_eq!(bench.topics(), ["pick_items_queue", "print_label_queue"], "those without parents go out together");
    assert_eq!(bench.completed("PACK/print_label"), [""; 0], "one parent of two is completed");
    let sent = bench.completed("PACK/pick_items");
    assert_eq!(
        sent,
        [concat!(
            r#"seal_box_queue: {"business_ref_no":"P-001","component_name":"PARCEL","event_name":"StartTask","#,
            r#""stage_name":"PACK","task_name":"seal_box","task_type":"SERVICE","business_status":"PARCEL PACKED"}"#
        )]
    );
    assert_eq!(
        bench.statuses(),
        "RECEIVED=COMPLETED PAY=COMPLETED charge_card=COMPLETED PACK=ACTIVE pick_items=COMPLETED print_label=COMPLETED \
         seal_box=SCHEDULED HAND_OVER=NOT STARTED ring_bell=PENDING",
        "one stage is active"
    );
    let sent = bench.completed("PACK/seal_box");
    assert_eq!(
        sent,
        [concat!(
            r#"ring_bell_queue: {"business_ref_no":"P-001","component_name":"PARCEL","event_name":"StartTask","#,
            r#""stage_name":"HAND_OVER","task_name":"ring_bell","task_type":"HUMAN","assigned_to":"courier","#,
            r#""business_status":"PARCEL DELIVERED"}"#
        )],
        "a person's task goes out as others do"
    );
    assert_eq!(bench.timer(TimerKind::Delay(0)), None);
    bench.pass(60);
    let sent = bench.completed("HAND_OVER/ring_bell");
    assert_eq!(
        sent,
        [concat!(
            r#"flows: {"at":"2026-01-01T12:01:00.000Z","ending":"completed","flow":"PARCEL","key":"P-001","#,
            r#""started_at":"2026-01-01T12:00:00.000Z"}"#
        )]
    );
    assert!(bench.has_counted(count::COMPLETED) && bench.alerts().is_empty());
    assert!(!bench.statuses().contains("ACTIVE") && !bench.statuses().contains("PENDING"));
    assert!(Flows::is_at_rest(bench.flow.as_ref().unwrap()));
}

#[test]
fn a_failed_task_stays_failed_until_it_is_pending_again() {
    let mut bench = Bench::parcel();
    bench.completed("PAY/charge_card");
    let failed = task_message("TaskFailed", "PACK/pick_items").replace('}', r#","reason":"nobody there"}"#);
    assert_eq!(bench.send(&failed), [""; 0], "nothing is started again");
    assert!(bench.has_counted(count::HELD));
    let [alert] = bench.alerts()[..] else { panic!("{:?}", bench.alerts()) };
    assert_eq!(
        (&*alert.kind, &*alert.message),
        ("flow_held", "flow PARCEL P-001 is held at PACK/pick_items: nobody there")
    );
    let shown = bench.show();
    let task = &shown["stages"][2]["tasks"][0];
    assert_eq!((&task["status"], &task["reason"]), (&"FAILED".into(), &"nobody there".into()));
    assert_eq!(bench.completed("PACK/print_label"), [""; 0]);
    assert!(
        bench.statuses().contains("PACK=ACTIVE pick_items=FAILED print_label=COMPLETED seal_box=PENDING HAND_OVER=NOT")
    );
    assert_eq!(bench.send(&failed), [""; 0]);
    assert!(bench.alerts().is_empty(), "people are told once");

    let sent = bench.task("TaskPending", "PACK/pick_items");
    assert_eq!(bench.topics(), ["pick_items_queue"], "{sent:?}");
    assert!(bench.statuses().contains("pick_items=SCHEDULED"));
    bench.completed("PACK/pick_items");
    assert_eq!(bench.topics(), ["seal_box_queue"]);
}

#[test]
fn a_failed_task_can_be_completed_without_being_pending() {
    let mut bench = Bench::parcel();
    bench.task("TaskFailed", "PAY/charge_card");
    bench.completed("PAY/charge_card");
    assert_eq!(bench.topics(), ["pick_items_queue", "print_label_queue"]);
    assert_eq!(bench.show()["stages"][1]["tasks"][0]["reason"], "");
}

#[test]
fn each_attempt_has_an_id_of_its_own_and_an_answer_of_a_former_one_is_told() {
    let id = |bench: &Bench| {
        let headers = &bench.forwards()[0].headers;
        let header = headers.iter().find(|header| header.name == "correlationid").unwrap();
        String::from_utf8(header.value.as_deref().unwrap().to_vec()).unwrap()
    };
    let correlation = Some(Place::Header("correlationid".to_owned()));
    let reads = Reads { correlation, ..Reads::of_templates(TOPIC) };
    let settings = Settings { reads: vec![reads], ..settings() };
    let mut bench = Bench::of(Flows::new(settings, Definitions::new([parcel()])));
    bench.start();
    let first = id(&bench);
    bench.task("TaskPending", "PAY/charge_card");
    let second = id(&bench);
    assert_ne!(first, second);
    let completed = task_message("TaskCompleted", "PAY/charge_card");
    let answer = |bench: &mut Bench, id: &str| {
        bench.try_record(&completed, Headers::new().with("correlationid", id.to_owned())).unwrap().len()
    };
    assert_eq!((answer(&mut bench, &first), bench.alert_kinds()), (0, vec!["flow_answer_ignored"]));
    assert!(bench.statuses().contains("charge_card=SCHEDULED"));
    assert_eq!(answer(&mut bench, "somebody-else"), 0);
    assert_eq!(answer(&mut bench, &second), 2);

    bench.send(r#"{"business_ref_no":"P-001","component_name":"PARCEL","event_name":"StartWorkflow","restart":true}"#);
    let third = id(&bench);
    assert!(third != first && third != second, "a worker that knows its ids does not take it for a repetition");
    assert_eq!(answer(&mut bench, &first), 0, "and an answer from before the restart does not count");
    assert_eq!(answer(&mut bench, &third), 2);
}

#[test]
fn a_refused_task_is_held_as_a_failed_one() {
    let mut bench = Bench::parcel();
    let refused = task_message("TaskFailed", "PAY/charge_card").replace('}', r#","refused":true,"reason":"no money"}"#);
    assert_eq!(bench.send(&refused), [""; 0]);
    assert_eq!(bench.flow.as_ref().unwrap().progress.status(StepId(2)), Status::Held(Trouble::Refused));
}

#[test]
fn a_flow_is_deleted_some_time_after_its_end() {
    let mut bench = Bench::parcel();
    bench.command("cancel", &[]);
    let due = bench.timer(TimerKind::Delay(0)).unwrap().due;
    assert_eq!(due, bench.now.saturating_add(KEEP_CLOSED_DEFAULT));
    bench.give(&Input::Timer(Timer { kind: TimerKind::Delay(0), due })).unwrap();
    assert!(bench.flow.is_some(), "it is not due yet");
    assert_eq!(bench.timer(TimerKind::Delay(0)).map(|timer| timer.due), Some(due), "and comes again");
    bench.fire(TimerKind::Delay(0));
    assert_eq!((bench.flow.clone(), bench.effects.clone()), (None, vec![]));
    assert_eq!(bench.start().len(), 1, "its key can be used again");
}

#[test]
fn a_stage_with_a_higher_number_is_next_even_if_there_is_a_gap() {
    let text = PARCEL
        .replace("\"stage_order\": 3.0", "\"stage_order\": 30")
        .replace("\"stage_order\": 1.0", "\"stage_order\": 9");
    let mut bench = Bench::new([parse_template(&text).unwrap()]);
    bench.start();
    assert_eq!(bench.topics(), ["pick_items_queue", "print_label_queue"]);
    for task in ["PACK/pick_items", "PACK/print_label", "PACK/seal_box"] {
        bench.completed(task);
    }
    assert_eq!(bench.topics(), ["charge_card_queue"]);
    bench.completed("PAY/charge_card");
    assert_eq!(bench.topics(), ["ring_bell_queue"]);
}
