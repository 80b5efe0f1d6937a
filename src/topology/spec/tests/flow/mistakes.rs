//! The mistakes of a flow file: the line, the message and the remedy of each.

use super::with_steps;
use crate::topology::Spec;

/// A text with one mistake, its line, and words of the message and of the hint.
pub(super) type Case = (String, usize, &'static str, &'static str);

/// The problems of a text: line, message and hint.
fn problems(text: &str) -> Vec<(usize, String, String)> {
    let problems = Spec::parse("f.yaml", text).unwrap_err();
    let one = |it: &crate::codec::yaml::Problem| (it.at.line, it.message.clone(), it.hint.clone().unwrap_or_default());
    problems.iter().map(one).collect()
}

/// Each text has exactly this one problem: nothing else is said about what follows from it.
pub(super) fn check(cases: &[Case]) {
    let is_told = |(text, line, message, hint): &&Case| {
        let found = problems(text);
        let [(at, said, remedy)] = found.as_slice() else { return false };
        at == line && said.contains(message) && remedy.contains(hint)
    };
    let wrong = cases.iter().filter(|case| !is_told(case));
    let wrong: Vec<String> = wrong.map(|case| format!("{}is told as {:#?}", case.0, problems(&case.0))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

pub(super) fn of_steps(steps: &str, line: usize, message: &'static str, hint: &'static str) -> Case {
    (with_steps(steps), line, message, hint)
}

pub(super) fn of_flow(flow: &str, line: usize, message: &'static str, hint: &'static str) -> Case {
    (format!("name: f\nflow:\n{flow}\n"), line, message, hint)
}

#[test]
fn mistakes_of_the_flow_as_a_whole() {
    const STEPS: &str = "  start: Go\n  steps: [{ a: { task: q } }]";
    const READS: &str = "  reads: [{ topic: t }]\n";
    let reads = |source: &str| format!("  reads:\n    - {source}\n{STEPS}");
    check(&[
        of_flow(&format!("{READS}{STEPS}\n  color: red"), 6, "this key is unknown", "known keys: `templates`"),
        of_flow(&format!("{READS}{STEPS}\n  keep_close: 1d"), 6, "this key is unknown", "did you mean `keep_closed`?"),
        of_flow(READS, 3, "there is no flow", "add `templates: [FILE.json]`, or `start: TYPE` and `steps: [..]`"),
        of_flow(&format!("{READS}  start: Go"), 3, "there is no flow", "`start: TYPE` and `steps: [..]`"),
        of_flow(
            &format!("{READS}  templates: [t.json]\n  steps: []"),
            5,
            "staged templates",
            "remove it, or `templates`",
        ),
        of_flow(&format!("{READS}  templates: []"), 4, "there is no template", "add the path of a staged template"),
        of_flow(STEPS, 3, "this key is required and missing", "add `reads: ..`"),
        of_flow(&format!("  reads: []\n{STEPS}"), 3, "there is no source", "add `{ topic: workflow-events }`"),
        of_flow(&reads("{ topic: t }\n    - { topic: t }"), 5, "topic `t` is a source already", "name each topic once"),
        of_flow(&reads("{ topic: t, format: cloudevent }"), 4, "expected one of `json`", "did you mean `cloudevents`?"),
        of_flow(&reads("{ topic: 'a b' }"), 4, "`a b` is not a topic's name in Kafka: take 1 to 249 letters", ""),
        of_flow(&reads("{ topic: t, data: x }"), 4, "`x` is not a JSON pointer", ""),
        of_flow(
            &reads("{ topic: t, key: { ce: id } }"),
            4,
            "only CloudEvents have attributes",
            "add `format: cloudevents`",
        ),
        of_flow(
            &format!("{READS}  writes: {{ tpic: o }}\n{STEPS}").replace("tpic", "topic: o, tipe_header"),
            4,
            "this key is unknown",
            "did you mean `type_header`?",
        ),
        of_flow(
            &format!("{READS}  writes: {{ topic: o, correlation: embedded }}\n{STEPS}"),
            4,
            "finds no key, because no source has a `correlation`",
            "correlation: /correlationid",
        ),
        of_flow(&format!("{READS}  keep_closed: 0s\n{STEPS}"), 4, "it is zero", "write a time such as `30s`"),
        of_flow(
            &format!("{READS}  writes: {{ topic: t }}\n  start: Go\n  steps: [{{ a: {{ send: Go }} }}]"),
            5,
            "a flow sends `Go`",
            "another type, or write to another topic",
        ),
        of_flow(
            &format!("{READS}  start: Go\n  steps: [{{ a: {{ send: X }} }}]"),
            5,
            "the flow has no topic to send it to",
            "add `writes: { topic: NAME }`",
        ),
        of_flow(
            &format!("{READS}{STEPS}\nbundle: {{ children: 1 }}"),
            6,
            "a file with a `flow` has no bundle",
            "into a file of its own",
        ),
        of_flow(
            &format!("{READS}{STEPS}\ntrace: {{ reads: [{{ topic: t, id: /id, type: /t }}] }}"),
            6,
            "the flow reads `t` already",
            "write the trace into a topology file of its own",
        ),
    ]);
}

#[test]
fn mistakes_of_steps() {
    check(&[
        of_steps("[]", 7, "there is no step", "add one, or remove the list"),
        of_steps("- a: { task: q, retyr: R2/PT1S }", 7, "this key is unknown", "did you mean `retry`?"),
        of_steps("- a: { task: q, call: s }", 7, "a step is one of `task`, `send`", "keep one of them"),
        of_steps("- a: { when: 'true' }", 7, "the step does nothing", "add one of `task`, `send`, `call`"),
        of_steps("- a:", 7, "expected a map with what the step does, found nothing", "write one of `task`"),
        of_steps(
            "- a:\n  task: q",
            7,
            "expected a step, which has one name, found a map",
            "indent what belongs to `a` below it",
        ),
        of_steps("- a", 7, "expected a step, found `a`", "write `- NAME: { task: TOPIC }`"),
        of_steps(
            "- a: { task: q }\n- b: { task: q }\n- a: { sleep: 1s }",
            9,
            "a second step is named `a`",
            "its own name",
        ),
        of_steps(
            "- a: { task: q, on: { failed: [{ a: { sleep: 1s } }] } }",
            7,
            "a second step is named `a`",
            "its own name",
        ),
        of_steps(
            "- key: { task: q }",
            7,
            "`key` is no name of a step: the language uses it",
            "give the step another name",
        ),
        of_steps("- 1st: { task: q }", 7, "`1st` is no name of a step", "take a letter, then letters, digits"),
    ]);
}

#[test]
fn mistakes_of_what_steps_do() {
    check(&[
        of_steps("- a: { sleep: soon }", 7, "expected a duration", ""),
        of_steps("- a: { sleep: 5 }", 7, "expected a duration, found the number 5", "write the unit: `5s`"),
        of_steps("- a: { sleep: P1M }", 7, "expected a duration such as `P7D`, `PT10S` or `7d`, found `P1M`", ""),
        of_steps("- a: { task: q, within: 0s }", 7, "it is zero", "write a time such as `30s`"),
        of_steps("- a: { task: q, retry: five }", 7, "expected tries such as `R5/PT10S`", ""),
        of_steps(
            "- a: { task: q, retry: 5 }",
            7,
            "expected tries and the time between them, found the number 5",
            "write `R5/PT10S`",
        ),
        of_steps("- a: { task: q, retry: R1001/PT1S }", 7, "a step has at most 1000", ""),
        of_steps("- a: { sleep: 1s, retry: R2/PT1S }", 7, "only a step that waits for an answer has this", "remove it"),
        of_steps(
            "- a: { send: X, on: { late: [undo] } }",
            7,
            "only a step that waits for an answer has this",
            "remove it",
        ),
        of_steps(
            "- a: { task: q, on: {} }",
            7,
            "it handles nothing",
            "add `refused:`, `exhausted:`, `late:` or `failed:`",
        ),
        of_steps("- a: { task: q, on: { refuse: [undo] } }", 7, "this key is unknown", "did you mean `refused`?"),
        of_steps(
            "- a: { task: q, on: { timeout: [undo] } }",
            7,
            "this key is unknown",
            "known keys: `refused`, `exhausted`, `late`, `failed`",
        ),
        of_steps(
            "- a: { task: q }\n- b: { task: q, on: { failed: [{ rerun: a }] } }",
            8,
            "`a` is no step whose trouble is handled here",
            "write `rerun: b`",
        ),
        of_steps(
            "- a: { task: q }\n- rerun: a",
            8,
            "`a` is no step whose trouble is handled here",
            "below `on` of the step",
        ),
        of_steps(
            "- a: { task: q }\n- b: { task: q, after: [x] }",
            8,
            "`x` is no step above this one in its list",
            "there are `a`",
        ),
        of_steps(
            "- a: { task: q, after: [b] }\n- b: { task: q }",
            7,
            "`b` is no step above this one in its list",
            "it is the first one; remove `after`",
        ),
        of_steps("- a: { send: X, input: {} }", 7, "only a `task` has this", "remove it"),
        of_steps("- a: { task: q, data: {} }", 7, "only a `send` has this", "remove it"),
        of_steps("- a: { task: q, path: /x }", 7, "only a `call` has this", "remove it"),
        of_steps("- a: { call: s, method: GET }", 7, "expected one of `POST`", ""),
        of_steps(
            "- a: { task: q, extras: { x: '= start.x' } }",
            7,
            "start",
            "there are no variables here: write the value itself",
        ),
    ]);
}

#[test]
fn mistakes_of_expressions_and_paths() {
    check(&[
        of_steps(
            "- a: { task: q }\n- b: { task: q, when: ab.x > 1 }",
            8,
            "ab",
            "its variables are `start`, `key`, `a` and `b`",
        ),
        of_steps(
            "- a: { task: q, input: { x: [{ y: '= strat.x' }] } }",
            7,
            "strat",
            "its variables are `start`, `key` and `a`",
        ),
        of_steps("- a: { call: s, success: start.x }", 7, "start", "its variables are `status` and `answer`"),
        of_steps("- a: { task: q, input: { x: '= 1 +' } }", 7, "syntax error", ""),
        of_steps("- a: { task: q, when: start.x is }", 7, "syntax error", ""),
        of_steps("- a: { task: q, when: [1] }", 7, "expected a text, found a list", ""),
        of_steps("- a: { call: s, path: 'x/{{ key' }", 7, "", ""),
        of_steps("- a: { call: 'a b' }", 7, "`a b` is not the name of a sink", ""),
    ]);
}

#[test]
fn limits_of_a_flow() {
    let many = |number: usize, body: &str| -> String {
        let steps: Vec<String> = (0..number).map(|step| format!("- s{step}: {{ {body} }}")).collect();
        with_steps(&steps.join("\n"))
    };
    check(&[
        (many(1_001, "sleep: 1s"), 7, "a flow has at most 1000 steps, and these are 1001", "divide it"),
        (many(201, "call: s"), 7, "a flow has at most 200 calls, and these are 201", "divide it"),
    ]);
    for at_the_limit in [many(1_000, "sleep: 1s"), many(200, "call: s")] {
        assert!(Spec::parse("f.yaml", &at_the_limit).is_ok());
    }
}

#[test]
fn all_mistakes_of_a_flow_are_reported_at_once() {
    let text = "name: f
flow:
  reads: [{ topic: t, format: xml }, { topic: u, key: id }]
  writes: { topik: out }
  start: Go
  keep_closed: soon
  steps:
    - a: { task: q, retry: often, undo: { tsk: p } }
    - a: { task: q, when: nobody.x > 1 }
    - start: { task: q }
    - b: { task: q, bad: 1, on: { refused: [{ c: { sleep: 0s } }, { rerun: a }] } }
    - d: { stage: [{ e: { task: q, after: [b] } }], within: 1h }
";
    let found = problems(text);
    let all = format!("{found:#?}");
    for (line, message) in [
        (3, "expected one of `json`"),
        (3, "`id` is not a JSON pointer"),
        (4, "this key is unknown"),
        (4, "this key is required and missing"),
        (6, "expected a duration"),
        (8, "expected tries such as"),
        (8, "this key is unknown"),
        (8, "the step does nothing"),
        (9, "a second step is named `a`"),
        (9, "nobody"),
        (10, "the language uses it"),
        (11, "this key is unknown"),
        (11, "it is zero"),
        (11, "`a` is no step whose trouble"),
        (12, "`b` is no step above this one"),
        (12, "only a step that waits"),
    ] {
        assert!(found.iter().any(|(at, said, _)| *at == line && said.contains(message)), "{line}: {message}\n{all}");
    }
    assert_eq!(found.len(), 16, "{all}");
}

#[test]
fn mistakes_of_forms() {
    check(&[
        of_steps(
            "- a: { task: q, form: { type: object } }",
            7,
            "only a task of a person has a form",
            "add `human: ROLE`",
        ),
        of_steps(
            "- a: { task: q, human: clerk, form: { type: object }, extras: { form: f-7 } }",
            7,
            "`extras` has a field `form` too",
            "keep one of them",
        ),
        of_steps(
            "- a: { task: q, human: clerk, form: { properties: { x: { type: text } } } }",
            7,
            "it is no JSON Schema: `/properties/x/type`: \"text\" is not valid",
            "write what a result has",
        ),
        of_steps(
            "- a: { task: q, human: clerk, form: { type: string } }",
            7,
            "a result is an object",
            "write what a result has",
        ),
    ]);
}
