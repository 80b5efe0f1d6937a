//! The defects of the workflow manager that staged templates come from (the D2 list of its HEAD), each as a test.

use super::*;

#[test]
fn d2_1_an_answer_needs_no_type_of_task() {
    let mut bench = Bench::parcel();
    let message = task_message("TaskCompleted", "PAY/charge_card");
    assert_eq!(bench.send(&message.replace(r#","task_type":"SERVICE""#, "")).len(), 2);
    let mut bench = Bench::parcel();
    assert_eq!(bench.send(&message.replace("SERVICE", "HUMAN")).len(), 2);
}

#[test]
fn d2_2_a_flow_keeps_its_reference_number() {
    let mut bench = Bench::parcel();
    bench.completed("PAY/charge_card");
    assert_eq!(bench.show()["business_ref_no"], "P-001");
    assert!(bench.sent().iter().all(|sent| sent.contains(r#""business_ref_no":"P-001""#)));
}

#[test]
fn d2_3_a_message_starts_no_task_that_has_started() {
    let mut bench = Bench::parcel();
    bench.completed("PAY/charge_card");
    assert_eq!(bench.topics(), ["pick_items_queue", "print_label_queue"]);
    assert_eq!(bench.completed("PACK/pick_items"), [""; 0], "`print_label` has started already");
    assert_eq!(bench.task("TaskFailed", "PACK/print_label"), [""; 0]);
    bench.task("TaskPending", "PACK/print_label");
    assert_eq!(bench.topics(), ["print_label_queue"]);
}

#[test]
fn d2_4_a_failed_task_does_not_start_again_by_itself() {
    let mut bench = Bench::parcel();
    assert_eq!(bench.task("TaskFailed", "PAY/charge_card"), [""; 0]);
    assert_eq!((bench.timer(TimerKind::Delay(0)), bench.timer(TimerKind::Deadline(0))), (None, None));
    assert!(bench.statuses().contains("PAY=ACTIVE charge_card=FAILED PACK=NOT STARTED"));
}

#[test]
fn d2_5_the_last_answer_ends_the_flow_and_is_kept() {
    let mut bench = Bench::parcel();
    for task in ["PAY/charge_card", "PACK/pick_items", "PACK/print_label", "PACK/seal_box", "HAND_OVER/ring_bell"] {
        bench.completed(task);
    }
    let flow = bench.flow.as_ref().unwrap();
    assert_eq!(flow.progress.ending, Some(Ending::Completed));
    assert!(bench.statuses().ends_with("HAND_OVER=COMPLETED ring_bell=COMPLETED"));
}

#[test]
fn d2_6_a_message_that_is_processed_again_after_a_crash_gives_the_same() {
    let mut bench = Bench::parcel();
    let before = bench.flow.clone();
    bench.completed("PAY/charge_card");
    let (after, effects) = (bench.flow.clone(), bench.effects.clone());
    // The commit has failed: the state is the former one, and the message comes again later.
    bench.flow = before;
    bench.completed("PAY/charge_card");
    assert_eq!((&bench.flow, &bench.effects), (&after, &effects), "with the ids of the records");
}
