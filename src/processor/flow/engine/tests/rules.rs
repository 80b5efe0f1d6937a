//! Rules 1 to 5, 9 and 10: when steps begin, conditions, stages, answers that come early, twice or after the end.

use super::*;

#[test]
fn rule_1_a_step_begins_when_all_that_it_needs_is_over() {
    check(
        "one after another, and two at once",
        "
        a request
        b request
        c once needs=a,b
        d request needs=c
        ",
        "
        start -> a=active b=active begin a@1 begin b@1
        done b -> b=done
        done a -> a=done c=done d=active begin c@1 begin d@1
        done d -> d=done completed
        ",
    );
    check(
        "a skipped step does not skip the next",
        "
        a once if=false
        b request needs=a
        ",
        "
        start -> a=skipped b=active begin b@1
        done b -> b=done completed
        ",
    );
    check(
        "a failed one is over when its handler is",
        "
        a request
          on refused
            tell request
        b once needs=a
        ",
        "
        start -> a=active begin a@1
        refused a -> a=failing(refused) tell=active begin tell@1
        done tell -> a=failed(refused) tell=done b=done completed begin b@1
        ",
    );
    check(
        "a held one is not over",
        "
        a request
        b once needs=a
        ",
        "
        start -> a=active begin a@1
        refused a -> a=held(refused) told of a
        ",
    );
    check("a flow without steps is over", "", "start -> completed");
    check(
        "a step that waits for a time",
        "
        nap sleep=60
        b once needs=nap
        ",
        "
        start -> nap=active
        +59 -> -
        done nap -> NotAsked
        +1 -> nap=done b=done completed begin b@1
        ",
    );
}

#[test]
fn rule_2_a_step_is_skipped_if_its_condition_is_false_and_in_trouble_if_it_cannot_be_judged() {
    check(
        "true, false, not to be judged",
        "
        a once if=true
        b once if=false
        c once if=broken
        ",
        "
        start -> a=done b=skipped c=held(failed) begin a@1 told of c
        mend c -> -
        rerun c -> c=done completed begin c@1
        ",
    );
    check(
        "a condition is judged when the step begins",
        "
        a request
        b once needs=a if=false
        ",
        "
        start -> a=active begin a@1
        mend b -> -
        done a -> a=done b=done completed begin b@1
        ",
    );
}

#[test]
fn rule_3_with_a_skipped_stage_all_in_it_are_skipped() {
    check(
        "with handlers, undo and stages in it",
        "
        s stage if=false
          a request
            on refused
              tell once
            undo by
              back once
          t stage
            b once
        c once needs=s
        ",
        "
        start -> s=skipped a=skipped tell=skipped back=skipped t=skipped b=skipped c=done completed begin c@1
        done a -> Repeated
        ",
    );
}

#[test]
fn rule_4_a_stage_opens_with_its_step_and_is_done_when_all_in_it_are_over() {
    check(
        "stages one after another, an empty one at once",
        "
        start stage
        s stage needs=start
          a request
          b request needs=a
        t stage needs=s
          c once if=false
        u stage needs=t
          d request
        ",
        "
        start -> start=done s=active a=active begin a@1
        done a -> a=done b=active begin b@1
        done b -> s=done b=done t=done c=skipped u=active d=active begin d@1
        ",
    );
}

#[test]
fn rule_5_an_early_answer_counts_when_the_step_would_begin_and_then_it_does_not_begin() {
    let graph = "
        s stage
          a request
        t stage needs=s
          b request tries=2/10
          c once needs=b
        ";
    check(
        "the step does not begin",
        graph,
        "
        start -> s=active a=active begin a@1
        done b -> -
        done a -> s=done a=done t=done b=done c=done completed begin c@1
        ",
    );
    check(
        "the first of two counts",
        graph,
        "
        start -> s=active a=active begin a@1
        refused b -> -
        done b -> Repeated
        refused b -> Repeated
        done a -> s=done a=done t=active b=held(refused) told of b
        done b -> t=done b=done c=done completed begin c@1
        ",
    );
    check(
        "an early failure is the first try",
        graph,
        "
        start -> s=active a=active begin a@1
        failed b -> -
        done a -> s=done a=done t=active b=resting
        +10 -> b=active begin b@2
        failed b@2 -> b=held(exhausted) told of b
        ",
    );
    check(
        "of an attempt that has not begun there is no answer",
        graph,
        "
        start -> s=active a=active begin a@1
        done b@1 -> Stale
        done b@0 -> Stale
        ",
    );
    let run = check(
        "a skipped step has no answer left",
        "
        a request
        b request needs=a if=false
        ",
        "
        start -> a=active begin a@1
        done b -> -
        done a -> a=done b=skipped completed
        ",
    );
    assert!(!run.progress.has_early(StepId(1)));
}

#[test]
fn rule_9_a_second_answer_and_one_of_a_former_attempt_change_nothing() {
    check(
        "an answer twice",
        "
        a request
        b request needs=a
        ",
        "
        start -> a=active begin a@1
        done a -> a=done b=active begin b@1
        done a -> Repeated
        failed a -> Repeated
        refused a@1 -> Repeated
        ",
    );
    check(
        "a former attempt",
        "
        a request tries=3/10
        ",
        "
        start -> a=active begin a@1
        failed a@1 -> a=resting
        failed a@1 -> Repeated
        +10 -> a=active begin a@2
        failed a@1 -> Stale
        done a@1 -> Stale
        done a@3 -> Stale
        done a@2 -> a=done completed
        ",
    );
    check(
        "a step that begins anew waits for an answer of its new attempt",
        "
        a request
        b request needs=a
        ",
        "
        start -> a=active begin a@1
        done a -> a=done b=active begin b@1
        rerun-all a -> a=active b=waiting begin a@2
        done b@1 -> Stale
        done a@2 -> a=done b=active begin b@2
        done b@2 -> b=done completed
        ",
    );
    check(
        "steps that ask for nothing have no answer",
        "
        s stage
          a once
          b request
        ",
        "
        start -> s=active a=done b=active begin a@1 begin b@1
        done a -> NotAsked
        done s -> NotAsked
        ",
    );
}

#[test]
fn rule_10_after_the_end_nothing_changes() {
    check(
        "failed by a step, with another that waits",
        "
        a request
        b request within=60 remind=60
        c request tries=2/10
        end fail=no-stock needs=a
        ",
        "
        start -> a=active b=active c=active begin a@1 begin b@1 begin c@1
        failed c -> c=resting
        done a -> a=done end=done failed(no-stock)
        done b -> Ended
        failed b -> Ended
        again b -> Ended
        complete b -> Ended
        fail b -> Ended
        skip b -> Ended
        cancel -> Ended
        +999 -> -
        watermark -> -
        start -> -
        ",
    );
    let run = check(
        "completed",
        "a request",
        "
        start -> a=active begin a@1
        done a -> a=done completed
        done a -> Repeated
        cancel -> Ended
        ",
    );
    assert_eq!(super::super::Next::of(&run.progress), super::super::Next { delay: None, deadline: None });
}

#[test]
fn a_step_in_a_stage_of_its_own_name_is_found_by_both() {
    let run = Run::new(
        "
        s stage
          t request
        t stage needs=s
          s request
        ",
    );
    let ids = [(None, "s"), (None, "t"), (Some("s"), "t"), (Some("t"), "s")];
    let found = ids.map(|(stage, name)| run.graph.find(stage, name).map(|id| id.0));
    assert_eq!(found, [Some(0), Some(2), Some(1), Some(3)], "outer ones first");
    assert_eq!(run.graph.find(Some("s"), "s"), None);
}
