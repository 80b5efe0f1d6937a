//! Tests of `flow`: the graph of a file, and every mistake with its line and remedy.

mod mistakes;
mod wait;

use std::fmt::Write as _;

use super::Spec;
use crate::processor::flow::{Action, Definition, Graph, Kind, ScopeId, StepId};

/// A flow whose steps begin on line 7.
fn with_steps(steps: &str) -> String {
    format!(
        "name: f\nflow:\n  reads: [{{ topic: t }}]\n  writes: {{ topic: out }}\n  start: Go\n  steps:\n    {}\n",
        steps.replace('\n', "\n    ")
    )
}

/// The steps of a scope and of what is in them, one a line.
fn write_scope(definition: &Definition, scope: ScopeId, indent: usize, text: &mut String) {
    for id in &definition.graph.scope(scope).steps {
        write_step(definition, *id, indent, text);
    }
}

fn write_step(definition: &Definition, id: StepId, indent: usize, text: &mut String) {
    let graph = &definition.graph;
    let step = graph.step(id);
    let kind = match (&step.kind, definition.action(id)) {
        (Kind::Sleep(time), _) => format!("sleep {}s", time.as_secs()),
        (Kind::Scope(_), _) => "stage".to_owned(),
        (Kind::Undo, _) => "undo".to_owned(),
        (Kind::Rerun(target), _) => format!("rerun {}", graph.step(*target).name),
        (Kind::Fail(reason), _) => format!("fail {reason:?}"),
        (_, Action::Task(task)) => format!("task {}", task.queue),
        (_, Action::Send(message)) => format!("send {}", message.kind),
        (_, Action::Call(call)) => format!("call {}", call.to),
        (_, Action::Await(kind)) => format!("await {kind}"),
        (Kind::Once | Kind::Request, Action::None) => "nothing".to_owned(),
    };
    write!(text, "{:indent$}{}: {kind}", "", step.name).unwrap();
    for need in &step.needs {
        write!(text, " after {}", graph.step(*need).name).unwrap();
    }
    if step.has_condition {
        text.push_str(" when");
    }
    if step.retry.tries > 1 {
        write!(text, " tries {}/{}s", step.retry.tries, step.retry.delay.as_secs()).unwrap();
    }
    for (word, time) in [("within", step.within), ("remind", step.remind_after)] {
        if let Some(time) = time {
            write!(text, " {word} {}s", time.as_secs()).unwrap();
        }
    }
    text.push('\n');
    if let Kind::Scope(inner) = step.kind {
        write_scope(definition, inner, indent + 2, text);
    }
    for (trouble, inner) in &step.handlers {
        writeln!(text, "{:indent$}  on {}", "", trouble.as_str()).unwrap();
        write_scope(definition, *inner, indent + 4, text);
    }
    if let Some(inner) = step.undo {
        writeln!(text, "{:indent$}  undone by", "").unwrap();
        write_scope(definition, inner, indent + 4, text);
    }
}

fn graph(text: &str) -> String {
    let spec = Spec::parse("f.yaml", text).unwrap_or_else(|problems| panic!("{problems}"));
    let definition = spec.flow().unwrap().steps.clone().unwrap();
    let mut written = format!("{} starts {}\n", definition.start, definition.name);
    write_scope(&definition, Graph::ROOT, 0, &mut written);
    written
}

#[test]
fn the_payment_of_the_examples_is_this_graph() {
    let expected = "\
RetrievePaymentCommand starts payment
credit: task customer-credit tries 5/10s
  undone by
    credit-undo: task customer-credit-refund
used: send CustomerCreditUsed after credit
charge: call card after used when tries 5/10s
  on refused
    ask: send CustomerCreditCardRefused
    updated: await CreditCardUpdatedEvent after ask within 604800s
      on late
        undo-1: undo
        fail-2: fail \"payment failed\" after undo-1
    rerun-3: rerun charge after updated
  on exhausted
    undo-4: undo
    cleanup: call card-cleanup after undo-4 tries 10/30s
    fail-5: fail \"payment failed\" after cleanup
charged: send CreditCardCharged after charge when
received: send PaymentReceivedEvent after charged
";
    assert_eq!(graph(include_str!("../../../../../examples/retail/payment.yaml")), expected);
}

#[test]
fn all_keys_of_steps_are_read() {
    let steps = "\
- a: { task: q, when: true == true, remind: 1h, within: PT90S, retry: R3/PT1M, human: clerk, input: { x: '= start.x' }, extras: { y: 1 } }
- b: { send: Ask, data: { a: '= a.x' }, reply: Answer, within: 2d, on: { late: [{ fail: nobody answers }], failed: [undo] } }
- c: { call: s, after: [], path: '/{{ key }}', method: PUT, body: { k: '= key' }, success: status == 200, refused: status == 409, certainty: once }
- d: { stage: [{ e: { sleep: 30s } }, { f: { await: News, after: [] } }], after: [b, c] }
- g: { stage: [] }";
    let expected = "\
Go starts f
a: task q when tries 3/60s within 90s remind 3600s
b: send Ask after a within 172800s
  on late
    fail-1: fail \"nobody answers\"
  on failed
    undo-2: undo
c: call s tries 10/30s
d: stage after b after c
  e: sleep 30s
  f: await News
g: stage after d
";
    assert_eq!(graph(&with_steps(steps)), expected);
}
