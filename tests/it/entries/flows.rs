//! Flows: pictures with the flows of all instances at their steps, and the tasks of people, on pages.

use tokio::runtime::Runtime;

use super::node::{Node, broker, until, write};

const TEMPLATE: &str = r#"{ "workflow_name": "Meal", "component_name": "MEAL", "stages": [
  { "stage_name": "KITCHEN", "stage_order": 1, "tasks": [
    { "task_name": "cook", "parent_task": [], "task_type": "SERVICE", "task_queue": "cook" } ] },
  { "stage_name": "STREET", "stage_order": 2, "tasks": [
    { "task_name": "deliver", "parent_task": [], "task_type": "HUMAN", "task_queue": "deliver", "assigned_to": "courier" } ] } ] }"#;

#[test]
fn a_picture_has_the_flows_of_all_instances_at_their_steps() {
    let (directory, broker, runtime) = (tempfile::tempdir().unwrap(), broker(), Runtime::new().unwrap());
    let template = directory.path().join("meal.json");
    std::fs::write(&template, TEMPLATE).unwrap();
    let topology = format!(
        "name: food\nflow:\n  templates: [{}]\n  reads: [{{ topic: messages, start: earliest }}]\n",
        template.display()
    );
    let nodes = Node::group((&topology, ["a", "b"]), directory.path(), &broker, &runtime);
    let start = |number: u32| {
        format!(r#"{{"event_name":"StartWorkflow","business_ref_no":"m/{number}","component_name":"MEAL"}}"#)
    };
    let answer = |number: u32, word: &str| {
        format!(
            r#"{{"event_name":"{word}","business_ref_no":"m/{number}","stage_name":"KITCHEN","task_name":"cook","reason":"burnt"}}"#
        )
    };
    write(&broker, "messages", (0..9).map(start));
    write(&broker, "messages", (0..4).map(|number| answer(number, "TaskCompleted")).chain([answer(8, "TaskFailed")]));
    // Each node answers for both: four at a person's task, four at the stove, one held there.
    let picture = |node: &Node, path: &str| node.ask(&format!("/api/v1/flow/{path}/picture"));
    until("all flows are in the pictures of both", || {
        nodes.iter().all(|node| {
            let drawn = picture(node, "definitions/MEAL");
            drawn.contains("deliver\n") && drawn.matches(">4</text>").count() == 2 && drawn.contains(">1</text>")
        })
    });
    let [of_a, of_b] = nodes.each_ref().map(|node| picture(node, "definitions/MEAL"));
    assert_eq!(of_a.split_once("\r\n\r\n").unwrap().1, of_b.split_once("\r\n\r\n").unwrap().1);
    assert!(of_a.contains("content-type: image/svg+xml\r\n"), "{of_a}");
    let held = picture(&nodes[0], "entries/m%2F8");
    assert_eq!(
        (held.matches("class=\"badge held\"").count(), held.matches("class=\"badge\"").count()),
        (1, 0),
        "{held}"
    );
    // A flow is listed and counted by its step too, and once in the total.
    let counts = nodes[1].ok("flow/counts");
    let of = |begin: &str| {
        let counts = counts["counts"].as_object().unwrap().iter().filter(|(name, _)| name.starts_with(begin));
        counts.map(|(_, number)| number.as_u64().unwrap()).sum::<u64>()
    };
    let expected = [9, 8, 1, 4, 4, 1];
    let found =
        [counts["total"].as_u64().unwrap(), of("open/running"), of("open/held"), of("human/"), of("at/"), of("held/")];
    assert_eq!(found, expected, "{counts}");
    for (status, number) in [("human", 4), ("held", 1), ("at", 4), ("open", 9), ("deliver", 4)] {
        let listed = nodes[0].ok(&format!("flow/entries?status={status}"));
        assert_eq!(listed["items"].as_array().unwrap().len(), number, "{status}: {listed}");
    }
    let (code, problem) = nodes[0].get("flow/definitions/SOUP/picture");
    assert_eq!((code, &problem["code"]), (404, &"unknown_definition".into()), "{problem}");
    assert!(problem["detail"].as_str().unwrap().ends_with("the definitions are MEAL"), "{problem}");

    // What the templates escape more than they have to.
    let ask = |path: &str| nodes[1].ask(path).replace("&#x2f;", "/");
    let page = ask("/flows/MEAL");
    assert!(page.contains("src=\"/flows/MEAL/picture?application=shop"), "{page}");
    assert!(ask("/flows/MEAL/picture?application=shop").contains("<svg "));
    assert!(ask("/entries/shop/flow/picture?key=m%2F8").contains("badge held"));
    let tasks = ask("/flows/tasks?role=courier");
    assert_eq!(tasks.matches("<tr data-row>").count(), 4, "{tasks}");
    let form = ask("/entries/shop/flow/command?name=complete&key=m%2F8");
    assert!(form.contains("required><option>KITCHEN/cook</option></select>"), "{form}");
    for Node { server, instance, .. } in nodes {
        instance.stop().unwrap();
        runtime.block_on(server.stop());
    }
}
