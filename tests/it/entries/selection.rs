//! Commands to the entries that a filter finds: what they would be sent to, and what is refused.

use std::path::Path;

use tokio::runtime::Runtime;

use super::node::{Node, broker, command, until, write};

/// The exit code of a command beside the configuration, its standard output, and its standard error.
fn run(directory: &Path, url: &str, words: &str) -> (Option<i32>, String, String) {
    let words: Vec<&str> = words.split(' ').collect();
    let output = command(&words).env("SHEAF_URL", url).current_dir(directory).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_command_to_what_a_filter_finds_is_shown_before_it_is_sent() {
    let (directory, broker, runtime) = (tempfile::tempdir().unwrap(), broker(), Runtime::new().unwrap());
    let node = Node::start("a", directory.path(), &broker, &runtime);
    // The command line would send to a broker that nothing listens at: a preview must not need it.
    let config = "application_id: shop\nkafka: { bootstrap_servers: \"127.0.0.1:1\" }\ntopologies: [topology.yaml]\n";
    std::fs::write(directory.path().join("sheaf.yaml"), config).unwrap();
    write(&broker, "orders", (0..60).map(|number| format!(r#"{{"order":"order-{number:02}"}}"#)));
    write(&broker, "orders", ["no JSON", r#"{"name":"no order"}"#].into_iter().map(str::to_owned));
    write(&broker, "payments", (0..20).map(|number| format!(r#"{{"order":"order-{number:02}","id":"p"}}"#)));
    until("all entries are there", || {
        node.ok("bundle/counts")["counts"]["closed"] == 20 && node.ok("dead-letter/counts")["total"] == 2
    });
    let url = format!("http://{}", node.address);
    let run = |words: &str| run(directory.path(), &url, words);

    let (code, listed, told) = run("bundles cancel --text order- --dry-run");
    assert_eq!(code, Some(0), "{told}");
    assert!(listed.contains("order-20") && !listed.contains("order-19"), "those that it changes: {listed}");
    assert!(told.contains("cancel of 40 bundles of application shop: those above\nnothing is sent"), "{told}");
    let (_, listed, told) = run("bundles extend --filter text=order-3 --status open --until +6h --limit 4 --dry-run");
    assert!(listed.lines().filter(|line| line.contains("order-3")).count() == 4, "{listed}");
    assert!(told.starts_with("there are more: --limit 8\nextend until=2") && told.contains(" of 4 bundles"), "{told}");
    let (_, listed, told) = run("dlq redrive --filter reason=unparsable --filter topic=orders --dry-run");
    assert!(listed.contains("unparsable") && !listed.contains("missing_field"), "{listed}");
    assert!(told.starts_with("redrive of 1 dead letters of application shop: those above"), "{told}");
    let (_, _, told) = run("dlq discard --text order --dry-run");
    assert!(told.starts_with("discard of 2 dead letters"), "in the key or the message: {told}");
    let (code, _, told) = run("dlq discard --status redriven --yes");
    assert_eq!(code, Some(0), "there is nothing to do");
    assert_eq!(told, "the dead letters by status: open 2\nno dead letters are like that: nothing is sent\n");

    let (code, _, told) = run("bundles cancel --status open");
    assert!(code == Some(2) && told.contains("add --yes, or --dry-run"), "{told}");
    let (code, _, told) = run("bundles cancel --filter reason=x --yes");
    assert!(code == Some(2) && told.contains("bundles are filtered by status=, text=, from=, until="), "{told}");
    let (code, _, told) = run("bundles cancel");
    assert!(code == Some(2) && told.contains("--status"), "neither ids nor a filter: {told}");
    assert_eq!(run("bundles cancel order-20 --status open").0, Some(2), "ids and a filter");
    assert_eq!(run("bundles cancel --status open --yes --url http://127.0.0.1:1").0, Some(69), "no instance answers");
    let (code, _, told) = run("bundles cancel --filter until=noon --yes");
    assert!(code == Some(1) && told.contains("no time such as"), "{told}");

    let Node { server, instance, .. } = node;
    instance.stop().unwrap();
    runtime.block_on(server.stop());
}
