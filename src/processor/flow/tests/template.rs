//! Staged templates: how they are read, and their mistakes, all at once.

use super::*;

fn mistakes(text: &str) -> Vec<String> {
    parse_template(text).unwrap_err().0
}

/// A template with these stages.
fn with(stages: &str) -> String {
    format!(r#"{{ "component_name": "C", "stages": [{stages}] }}"#)
}

/// A template of one stage with these tasks.
fn with_tasks(tasks: &str) -> String {
    with(&format!(r#"{{ "stage_name": "S", "stage_order": 1, "tasks": [{tasks}] }}"#))
}

/// A task with this name and these fields.
fn task(name: &str, fields: &str) -> String {
    format!(r#"{{ "task_name": "{name}", "task_type": "SERVICE", "task_queue": "q"{fields} }}"#)
}

#[test]
fn a_template_is_a_graph_of_stages_and_tasks() {
    let read = parcel();
    let (name, queues): (&str, Vec<&str>) = (&read.name, read.queues().into_iter().map(|it| &**it).collect());
    assert_eq!((name, read.form, &*read.start), ("PARCEL", Form::Template, "StartWorkflow"));
    assert_eq!(
        queues,
        ["charge_card_queue", "pick_items_queue", "print_label_queue", "ring_bell_queue", "seal_box_queue"]
    );
    let needs = |stage, name| {
        let id = read.graph.find(stage, name).unwrap();
        read.graph.step(id).needs.iter().map(|need| &*read.graph.step(*need).name).collect::<Vec<_>>()
    };
    assert_eq!(needs(Some("PACK"), "seal_box"), ["pick_items", "print_label"]);
    assert_eq!((needs(None, "RECEIVED"), needs(None, "PAY")), (vec![], vec!["RECEIVED"]));
    let task = |name| read.action(read.graph.find(None, name).unwrap()).task().unwrap();
    assert_eq!((task("ring_bell").is_human, task("ring_bell").role.as_deref()), (true, Some("courier")));
    assert_eq!((task("seal_box").is_human, &task("seal_box").role), (false, &None));
    let other = parse_template(&PARCEL.replace("1.50", "1.5")).unwrap();
    assert_ne!(read.digest, other.digest, "a changed text is another definition");
    assert_eq!(Digest::parse(&read.digest.to_string()), Some(read.digest));
}

#[test]
fn stages_run_in_the_order_of_their_numbers_whatever_their_places_and_gaps() {
    let stage =
        |name: &str, order: &str| format!(r#"{{ "stage_name": "{name}", "stage_order": {order}, "tasks": null }}"#);
    let text = with(&[stage("C", "7"), stage("A", "-1"), stage("B", "2.5")].join(","));
    let read = parse_template(&text).unwrap();
    let names: Vec<&str> = read.graph.steps().map(|(_, step)| &*step.name).collect();
    assert_eq!(names, ["A", "B", "C"]);
}

#[test]
fn extra_fields_keep_their_digits_and_their_order() {
    let extras =
        r#", "z": 1.50, "a": [1, 2.0], "parent_task": null, "z": 1.500, "big": 123456789012345678901234567890"#;
    let read = parse_template(&with_tasks(&task("t", extras))).unwrap();
    let read = read.action(StepId(1)).task().unwrap().extras.clone();
    let read: Vec<(&str, &str)> = read.iter().map(|(name, text)| (&**name, &**text)).collect();
    assert_eq!(
        read,
        [("a", "[1, 2.0]"), ("z", "1.500"), ("big", "123456789012345678901234567890")],
        "of a field that is there twice the last counts, once"
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = r#"{
        "workflow_name": 7,
        "stages": [
            { "stage_name": "A", "stage_order": 1.0, "tasks": [
                { "task_name": "one", "parent_task": ["nobody"], "task_type": "SERVICE", "task_queue": "q" },
                { "task_name": "one", "task_type": "ROBOT", "task_queue": "no topic" },
                { "task_type": "HUMAN", "assigned_to": ["x"], "parent_task": "one" },
                { "task_queue": "q", "task_type": "HUMAN" },
                4
            ] },
            { "stage_name": "A", "stage_order": 2.0, "tasks": [
                { "task_name": "two", "parent_task": ["one", "three"], "task_type": "SERVICE", "task_queue": "q" },
                { "task_name": "three", "parent_task": ["two"], "task_type": "SERVICE", "task_queue": "q" }
            ] },
            { "stage_name": "B", "stage_order": 1, "tasks": {} },
            { "stage_order": "1" },
            { "tasks": [] },
            []
        ]
    }"#;
    let expected = [
        "`component_name` is missing: the name by which `StartWorkflow` finds it",
        "`workflow_name`: invalid type: integer `7`, expected a string",
        "stages[0].tasks[4]: expected a JSON object: invalid type: integer `4`, expected an object",
        "stages[1]: a second stage is named `A`: give each its own name",
        "stages[2]: `tasks`: invalid type: map, expected a sequence",
        "stages[2]: `stage_order` 1 is that of `A` too: stages run one after another",
        "stages[3]: `stage_name` is missing: the stage's name",
        "stages[3]: `stage_order`: invalid type: string \"1\", expected f64",
        "stages[4]: `stage_name` is missing: the stage's name",
        "stages[4]: `stage_order` is missing: a number: stages run in its order",
        "stages[5]: expected a JSON object: invalid type: sequence, expected an object",
        "stages[0].tasks[1]: `task_type` is `ROBOT`: write `SERVICE` or `HUMAN`",
        "stages[0].tasks[1]: `task_queue` is `no topic`, no name of a topic: take letters, digits, `.`, `_` and `-`",
        "stages[0].tasks[1]: a second task of the stage is named `one`: give each its own name",
        "stages[0].tasks[2]: `task_name` is missing: the task's name",
        "stages[0].tasks[2]: `parent_task`: invalid type: string \"one\", expected a sequence",
        "stages[0].tasks[2]: `task_queue` is missing: the topic of its worker",
        "stages[0].tasks[2]: `assigned_to`: invalid type: sequence, expected a string",
        "stages[0].tasks[3]: `task_name` is missing: the task's name",
        "stages[0].tasks[0]: its parent `nobody` is no task of stage `A`: stages run one after another, so tasks of earlier ones are completed",
        "stages[1].tasks[0]: its parent `one` is no task of stage `A`: stages run one after another, so tasks of earlier ones are completed",
        "`two`, `three` wait for each other: remove one `parent_task`",
    ];
    let mut found = mistakes(text);
    let mut expected = expected.map(str::to_owned);
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn each_mistake_is_told_alone() {
    let only = |text: &str| {
        let found = mistakes(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        found[0].clone()
    };
    for (text, words) in [
        (r#"{ "component_name": "C", "stages": [] }"#.to_owned(), "stages: there is no stage"),
        (r#"{ "component_name": "C" }"#.to_owned(), "`stages` is missing: the list of stages"),
        (r#"{ "component_name": "C", "stages": null }"#.to_owned(), "`stages` is missing"),
        ("[]".to_owned(), "expected a JSON object"),
        ("{".to_owned(), "expected a JSON object: EOF"),
        (with(r#"{ "stage_name": "S", "stage_order": 1 }"#).replace("\"C\"", "null"), "`component_name` is missing"),
        (with_tasks(&task("a", r#", "parent_task": ["a"]"#)), "`a` wait for each other"),
        (with_tasks(&task("t", "").replace("\"q\"", "\"..\"")), "`task_queue` is `..`"),
        (with_tasks(&task("t", "").replace("\"q\"", "\"\"")), "`task_queue` is ``"),
        (with_tasks(&task("t", "").replace("\"q\"", &format!("\"{}\"", "q".repeat(250)))), "no name of a topic"),
        (with_tasks(&task("t", "").replace("\"q\"", "null")), "`task_queue` is missing: the topic of its worker"),
        (with_tasks(&task("t", "").replace("SERVICE", "service")), "`task_type` is `service`"),
    ] {
        assert!(only(&text).contains(words), "{text}: {}", only(&text));
    }
    let circle = [
        task("a", r#", "parent_task": ["c"]"#),
        task("b", r#", "parent_task": ["a"]"#),
        task("c", r#", "parent_task": ["b"]"#),
    ];
    let behind = task("d", r#", "parent_task": ["c"]"#);
    let text = with_tasks(&[circle.join(","), behind].join(","));
    assert_eq!(only(&text), "`a`, `b`, `c` wait for each other: remove one `parent_task`");
    let many: Vec<String> = (0..STEPS_MAX).map(|number| task(&format!("t{number}"), "")).collect();
    assert!(
        only(&with_tasks(&many.join(","))).contains("there are 1001 stages and tasks, and a flow has at most 1000")
    );
    assert!(parse_template(&with_tasks(&many[1..].join(","))).is_ok());
}
