//! What a person does: rerun, skip, cancel, answers, and asking again.

use super::*;

/// Two stages after another.
const STAGES: &str = "
    s stage
      a request
      b request needs=a
      x request
    t stage needs=s
      c request
    ";

/// Both stages are done.
const ALL_DONE: &str = "
    start -> s=active a=active x=active begin a@1 begin x@1
    done x -> x=done
    done a -> a=done b=active begin b@1
    done b -> s=done b=done t=active c=active begin c@1
    done c -> t=done c=done completed
    ";

fn after_all(what: &str, inputs: &str) {
    check(what, STAGES, &format!("{ALL_DONE}{inputs}"));
}

#[test]
fn a_step_is_run_again_alone_or_with_all_that_comes_after_it_also_after_the_end() {
    after_all(
        "alone",
        "
        rerun a -> s=active a=active open begin a@2
        done a@1 -> Stale
        done a@2 -> s=done a=done completed
        ",
    );
    after_all(
        "with all that comes after it, in its stage and after its stage",
        "
        rerun-all a -> s=active a=active b=waiting t=waiting c=waiting open begin a@2
        done a -> a=done b=active begin b@2
        done b -> s=done b=done t=active c=active begin c@2
        done c -> t=done c=done completed
        ",
    );
    after_all("one that has not begun", "skip c -> Ended");
    check(
        "one that waits is asked anew, and one that has not begun is not",
        STAGES,
        "
        start -> s=active a=active x=active begin a@1 begin x@1
        rerun a -> begin a@2
        rerun b -> NotBegun
        rerun t -> NotBegun
        rerun c -> NotBegun
        done a@1 -> Stale
        ",
    );
}

#[test]
fn a_stage_is_run_again_alone_or_with_all_that_comes_after_it() {
    after_all(
        "alone",
        "
        rerun s -> s=active a=active b=waiting x=active open begin a@2 begin x@2
        done c -> Repeated
        done a -> a=done b=active begin b@2
        done x -> x=done
        done b -> s=done b=done completed
        ",
    );
    after_all(
        "with all that comes after it",
        "
        rerun-all s -> s=active a=active b=waiting x=active t=waiting c=waiting open begin a@2 begin x@2
        done a -> a=done b=active begin b@2
        done x -> x=done
        done b -> s=done b=done t=active c=active begin c@2
        ",
    );
    check(
        "while it is active, and early answers of it do not count any more",
        STAGES,
        "
        start -> s=active a=active x=active begin a@1 begin x@1
        done b -> -
        rerun s -> begin a@2 begin x@2
        done a -> a=done b=active begin b@1
        ",
    );
}

#[test]
fn a_step_is_run_again_in_a_stage_that_was_skipped() {
    check(
        "the stage is open again",
        "
        s stage if=false
          a request
        t stage
          b request
        ",
        "
        start -> s=skipped a=skipped t=active b=active begin b@1
        rerun a -> s=active a=active begin a@1
        done b -> t=done b=done
        done a -> s=done a=done completed
        ",
    );
}

#[test]
fn a_step_of_a_handler_or_an_undo_is_run_again_only_if_these_have_run() {
    let graph = "
        a request
          on refused
            tell request
          undo by
            back request
        all undo needs=a
        ";
    check(
        "of a handler",
        graph,
        "
        start -> a=active begin a@1
        skip tell -> tell=skipped
        rerun tell -> NotBegun
        refused a -> a=failing(refused) tell=active begin tell@1
        done tell -> a=failed(refused) tell=done all=done completed
        rerun tell -> a=failing(refused) tell=active open begin tell@2
        done tell -> a=failed(refused) tell=done completed
        ",
    );
    check(
        "of an undo",
        graph,
        "
        start -> a=active begin a@1
        skip back -> back=skipped
        done a -> a=undoing back=active all=active begin back@1
        done back -> a=undone back=done all=done completed
        rerun back -> a=undoing back=active open begin back@2
        done back -> a=undone back=done completed
        skip back -> Ended
        ",
    );
    check(
        "of an undo that has not run",
        "
        a request
          undo by
            back request
        b request
        ",
        "
        start -> a=active b=active begin a@1 begin b@1
        done a -> a=done
        skip back -> back=skipped
        rerun back -> NotBegun
        done b -> b=done completed
        ",
    );
}

#[test]
fn a_person_skips_a_step_or_a_stage() {
    check(
        "one that waits, one that has not begun, one that is over",
        STAGES,
        "
        start -> s=active a=active x=active begin a@1 begin x@1
        skip b -> b=skipped
        skip b -> Repeated
        done b -> Repeated
        skip a -> a=skipped
        done a -> Repeated
        skip t -> t=skipped c=skipped
        done x -> s=done x=done completed
        ",
    );
    check(
        "what is done stays done",
        STAGES,
        "
        start -> s=active a=active x=active begin a@1 begin x@1
        done a -> a=done b=active begin b@1
        skip s -> s=skipped b=skipped x=skipped t=active c=active begin c@1
        ",
    );
    check(
        "one that is held, one that rests, one whose trouble is handled",
        "
        a request
        b request tries=2/10
        c request
          on refused
            tell request
        d once needs=a,b,c
        ",
        "
        start -> a=active b=active c=active begin a@1 begin b@1 begin c@1
        failed a -> a=held(exhausted) told of a
        failed b -> b=resting
        refused c -> c=failing(refused) tell=active begin tell@1
        skip a -> a=skipped
        skip b -> b=skipped
        +10 -> -
        skip c -> c=skipped tell=skipped d=done completed begin d@1
        ",
    );
}

#[test]
fn a_person_cancels_a_flow_and_takes_it_up_again() {
    check(
        "nothing is undone",
        "
        a request
          undo by
            back once
        b request needs=a within=60
        ",
        "
        start -> a=active begin a@1
        done a -> a=done b=active begin b@1
        cancel -> cancelled
        done b -> Ended
        +60 -> -
        watermark -> -
        rerun b -> open begin b@2
        done b -> b=done completed
        ",
    );
}

#[test]
fn a_task_is_asked_for_again_if_it_has_begun_and_is_not_over() {
    check(
        "active, resting, held; at once, with all tries",
        "
        a request tries=2/10
        b request needs=a
        c once needs=b
        ",
        "
        start -> a=active begin a@1
        again b -> NotBegun
        again c -> NotAsked
        again a -> begin a@2
        failed a -> a=resting
        again a -> a=active begin a@3
        failed a -> a=resting
        +10 -> a=active begin a@4
        failed a -> a=held(exhausted) told of a
        again a -> a=active begin a@5
        done a@4 -> Stale
        done a@5 -> a=done b=active begin b@1
        again a -> Repeated
        ",
    );
    check(
        "not while its trouble is handled",
        "
        a request
          on refused
            tell request
        b request
        ",
        "
        start -> a=active b=active begin a@1 begin b@1
        refused a -> a=failing(refused) tell=active begin tell@1
        again a -> TooLate
        done tell -> a=failed(refused) tell=done
        again a -> TooLate
        rerun a -> a=active tell=waiting begin a@2
        ",
    );
}

#[test]
fn a_person_answers_a_step_that_has_begun() {
    check(
        "done or refused",
        "
        a request
        b request needs=a
        ",
        "
        start -> a=active begin a@1
        complete b -> NotBegun
        fail b -> NotBegun
        complete a -> a=done b=active begin b@1
        complete a -> Repeated
        fail b -> b=held(refused) told of b
        complete b -> b=done completed
        ",
    );
    check(
        "a step that rests or is held is failed by a person, so that its handler runs",
        "
        a request tries=9/10
          on failed
            f once
        b request within=60
          on failed
            g once
        ",
        "
        start -> a=active b=active begin a@1 begin b@1
        failed a -> a=resting
        fail a -> a=failed(failed) f=done begin f@1
        +60 -> -
        watermark -> b=held(late) told of b
        fail b -> b=failed(failed) g=done completed begin g@1
        ",
    );
}
