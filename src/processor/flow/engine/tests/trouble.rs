//! Rules 6 and 8: retries, times, handlers, steps that are held, reruns and ends in handlers.

use super::*;

#[test]
fn a_step_is_tried_as_often_as_it_says_and_then_held() {
    let run = check(
        "five tries at 10 s",
        "a request tries=5/10",
        "
        start -> a=active begin a@1
        failed a -> a=resting
        +9 -> -
        +1 -> a=active begin a@2
        failed a -> a=resting
        +10 -> a=active begin a@3
        failed a -> a=resting
        +10 -> a=active begin a@4
        failed a -> a=resting
        +10 -> a=active begin a@5
        failed a -> a=held(exhausted) told of a
        +999 -> -
        failed a -> Repeated
        ",
    );
    assert_eq!(run.progress.of(StepId(0)).reason, "why");
    check(
        "without retries one try, without a delay the next at once",
        "
        a request
        b request tries=2/0
        ",
        "
        start -> a=active b=active begin a@1 begin b@1
        failed a -> a=held(exhausted) told of a
        failed b -> b=resting
        +0 -> b=active begin b@2
        failed b -> b=held(exhausted) told of b
        ",
    );
}

#[test]
fn a_refusal_is_never_tried_again_and_an_answer_ends_a_rest() {
    check(
        "refused at the first try, and done while it rests",
        "
        a request tries=5/10
        b request tries=5/10
        ",
        "
        start -> a=active b=active begin a@1 begin b@1
        refused a -> a=held(refused) told of a
        failed b -> b=resting
        +9 -> -
        done b -> b=done
        +99 -> -
        ",
    );
}

#[test]
fn rule_6_trouble_runs_its_handler_else_that_of_failed_else_the_step_is_held() {
    let graph = "
        a request tries=2/10 within=60
          on refused
            r request
          on failed
            f request
        b once needs=a
        ";
    check(
        "its own",
        graph,
        "
        start -> a=active begin a@1
        refused a -> a=failing(refused) r=active begin r@1
        done a -> TooLate
        failed a -> TooLate
        done r -> a=failed(refused) r=done b=done completed begin b@1
        ",
    );
    check(
        "that of `failed`",
        graph,
        "
        start -> a=active begin a@1
        failed a -> a=resting
        +10 -> a=active begin a@2
        failed a -> a=failing(failed) f=active begin f@1
        done f -> a=failed(failed) f=done b=done completed begin b@1
        ",
    );
    check(
        "none for a late answer, which `failed` does not handle",
        graph,
        "
        start -> a=active begin a@1
        +60 -> -
        watermark -> a=held(late) told of a
        +10 -> -
        watermark -> -
        ",
    );
}

#[test]
fn a_step_that_cannot_begin_and_one_in_a_handler_are_in_trouble_as_others() {
    check(
        "a step that cannot begin",
        "
        a once begin=broken
          on failed
            f once
        b request begin=broken
        c once needs=b
        ",
        "
        start -> a=failed(failed) f=done b=held(failed) begin a@1 begin f@1 begin b@1 told of b
        mend b -> -
        rerun b -> b=active begin b@2
        done b -> b=done c=done completed begin c@1
        ",
    );
    check(
        "a step in a handler is held as others are",
        "
        a request
          on refused
            f request
        ",
        "
        start -> a=active begin a@1
        refused a -> a=failing(refused) f=active begin f@1
        refused f -> f=held(refused) told of f
        skip f -> a=failed(refused) f=skipped completed
        ",
    );
}

#[test]
fn a_step_is_late_by_the_deadline_only() {
    check(
        "without a handler, and its answer still counts",
        "
        a request within=60
        ",
        "
        start -> a=active begin a@1
        +59 -> -
        watermark -> -
        +9999 -> -
        watermark -> a=held(late) told of a
        failed a -> Repeated
        done a -> a=done completed
        ",
    );
    check(
        "with a handler, and then its answer is too late",
        "
        a request within=60
          on late
            tell request
        b once needs=a
        ",
        "
        start -> a=active begin a@1
        +60 -> -
        watermark -> a=failing(late) tell=active begin tell@1
        done a -> TooLate
        done tell -> a=failed(late) tell=done b=done completed begin b@1
        ",
    );
    let run = check(
        "the time is for all tries",
        "
        a request tries=9/30 within=60
        ",
        "
        start -> a=active begin a@1
        failed a -> a=resting
        +30 -> a=active begin a@2
        failed a -> a=resting
        +29 -> -
        watermark -> -
        +1 -> a=active begin a@3
        watermark -> a=held(late) told of a
        ",
    );
    assert_eq!(run.progress.of(StepId(0)).reason, "there was no answer within 1 min");
    assert_eq!(super::super::Next::of(&run.progress), super::super::Next { delay: None, deadline: None });
}

#[test]
fn people_are_reminded_once() {
    check(
        "while it waits",
        "
        a request remind=60
        b request remind=60
        ",
        "
        start -> a=active b=active begin a@1 begin b@1
        done b -> b=done
        +60 -> reminded of a
        +60 -> -
        again a -> begin a@2
        +60 -> reminded of a
        ",
    );
}

#[test]
fn a_held_step_can_still_be_answered() {
    check(
        "by its worker",
        "
        a request
        b once needs=a
        ",
        "
        start -> a=active begin a@1
        failed a -> a=held(exhausted) told of a
        refused a -> Repeated
        failed a -> Repeated
        done a -> a=done b=done completed begin b@1
        ",
    );
}

#[test]
fn rule_8_a_step_begins_again_in_its_handler_and_its_attempts_go_on() {
    check(
        "with all in it, and with all its tries",
        "
        a request tries=2/10
          on exhausted
            ask request
            again rerun=a needs=ask
        ",
        "
        start -> a=active begin a@1
        failed a -> a=resting
        +10 -> a=active begin a@2
        failed a -> a=failing(exhausted) ask=active begin ask@1
        done ask -> a=active ask=waiting begin a@3
        failed a@2 -> Stale
        failed a@3 -> a=resting
        +10 -> a=active begin a@4
        failed a -> a=failing(exhausted) ask=active begin ask@2
        done ask -> a=active ask=waiting begin a@5
        done a -> a=done completed
        ",
    );
    let mut run = Run::new(
        "
        a request
          on refused
            again rerun=a
        ",
    );
    run.input("start");
    for attempt in 2..RERUNS_MAX + 2 {
        assert_eq!(run.input("refused a"), format!("begin a@{attempt}"));
    }
    assert_eq!(run.input("refused a"), "a=failing(refused) again=held(failed) told of again");
    assert_eq!(run.progress.of(StepId(1)).reason, "`a` has begun again 100 times");
    assert_eq!(run.input("skip again"), "a=failed(refused) again=skipped completed");
    check(
        "a step that never can begin does not run for ever",
        "
        a once begin=broken
          on failed
            again rerun=a
        ",
        "cancel -> cancelled",
    );
    let mut run = Run::new("a once begin=broken\n  on failed\n    again rerun=a");
    assert!(run.input("start").starts_with("a=failing(failed) again=held(failed) begin a@1 begin a@2 "));
    assert_eq!(run.progress.of(StepId(0)).attempt, RERUNS_MAX + 1);
}

#[test]
fn a_handler_can_end_the_flow() {
    check(
        "with steps that wait",
        "
        a request
          on refused
            tell once
            end fail=refused needs=tell
        b request
        c once needs=a
        ",
        "
        start -> a=active b=active begin a@1 begin b@1
        refused a -> a=failing(refused) tell=done end=done failed(refused) begin tell@1
        done b -> Ended
        rerun a -> a=active tell=waiting end=waiting open begin a@2
        done a -> a=done c=done begin c@1
        done b -> b=done completed
        ",
    );
}
