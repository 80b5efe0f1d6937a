//! Rule 7: what is done is undone, the latest first, and waited for.

use super::*;

#[test]
fn rule_7_what_is_done_is_undone_the_latest_first_and_waited_for() {
    check(
        "a saga",
        "
        hotel request
          undo by
            no-hotel request
        car request
          undo by
            no-car request
        plain request
        flight request needs=hotel,car,plain
          on refused
            all-back undo
            end fail=no-flight needs=all-back
          undo by
            no-flight request
        ",
        "
        start -> hotel=active car=active plain=active begin hotel@1 begin car@1 begin plain@1
        done car -> car=done
        done hotel -> hotel=done
        done plain -> plain=done flight=active begin flight@1
        refused flight -> hotel=undoing no-hotel=active flight=failing(refused) all-back=active begin no-hotel@1
        done hotel -> Repeated
        done no-hotel -> hotel=undone no-hotel=done car=undoing no-car=active begin no-car@1
        done no-car -> car=undone no-car=done all-back=done end=done failed(no-flight)
        ",
    );
    check(
        "an undo that fails is held, and a person goes on",
        "
        a request
          undo by
            back request
        b once needs=a
        all undo needs=b
        c once needs=all
        ",
        "
        start -> a=active begin a@1
        done a -> a=undoing back=active b=done all=active begin b@1 begin back@1
        failed back -> back=held(exhausted) told of back
        rerun back -> back=active begin back@2
        done back -> a=undone back=done all=done c=done completed begin c@1
        ",
    );
}

#[test]
fn an_undo_ends_when_nothing_is_left_and_the_flow_goes_on() {
    check(
        "nothing is done",
        "
        a request if=false
          undo by
            back request
        all undo needs=a
        ",
        "
        start -> a=skipped back=skipped all=done completed
        ",
    );
    check(
        "and then the step begins again",
        "
        a request
          undo by
            back once
        b request needs=a
          on refused
            all undo
            again rerun=b needs=all
        ",
        "
        start -> a=active begin a@1
        done a -> a=done b=active begin b@1
        refused b -> a=undone back=done begin back@1 begin b@2
        refused b -> begin b@3
        done b -> b=done completed
        ",
    );
}

#[test]
fn what_was_done_in_a_skipped_stage_is_undone_too() {
    check(
        "a person skips the rest of a stage",
        "
        s stage
          a request
            undo by
              back once
          b request
        all undo needs=s
        ",
        "
        start -> s=active a=active b=active begin a@1 begin b@1
        done a -> a=done
        skip s -> s=skipped a=undone back=done b=skipped all=done completed begin back@1
        ",
    );
}

#[test]
fn an_undo_within_an_undo_does_not_wait_for_itself() {
    check(
        "what is done is undone by it",
        "
        a request
          undo by
            more undo
            back once needs=more
        b request needs=a
          undo by
            b-back once
        all undo needs=a
        ",
        "
        start -> a=active begin a@1
        done a -> a=undone more=done back=done b=active all=done begin b@1 begin back@1
        done b -> b=done completed
        ",
    );
}
