//! Dead letters, as the command line lists and shows them.

use serde_json::Value;
use tokio::runtime::Runtime;

use super::node::{Node, broker, sheaf, until, write};

#[test]
fn dead_letters_are_listed_and_one_is_shown_with_its_record() {
    let (directory, broker, runtime) = (tempfile::tempdir().unwrap(), broker(), Runtime::new().unwrap());
    let node = Node::start("a", directory.path(), &broker, &runtime);
    // Above 4 KiB it is stored in a part.
    let long = format!("no JSON {}", "x".repeat(5_000));
    write(&broker, "orders", [long.clone(), r#"{"name":"no order"}"#.to_owned()].into_iter());
    until("the letters are there", || node.ok("dead-letter/counts")["total"] == 2);
    let url = format!("http://{}", node.address);
    let listed = sheaf(&["dlq", "list", "--url", &url, "-o", "json"]);
    let items: Value = serde_json::from_str(&listed).unwrap();
    let reasons: Vec<&str> =
        items.as_array().unwrap().iter().map(|item| item["entry"]["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons.len(), 2, "{listed}");
    assert!(reasons.contains(&"unparsable") && reasons.contains(&"missing_field"), "{reasons:?}");
    assert!(!listed.contains("\"content\""), "a list has no payloads: {listed}");
    let table = sheaf(&["dlq", "list", "--filter", "reason=unparsable", "--url", &url]);
    let key = table.lines().find_map(|line| line.split_whitespace().find(|word| word.starts_with("orders-")));
    let key = key.unwrap_or_else(|| panic!("no letter: {table}"));
    assert!(!table.contains("missing_field"), "{table}");

    let shown = sheaf(&["dlq", "show", key, "--url", &url]);
    for said in [
        &format!("dead letter {key}: nothing was done about it\n"),
        "reason        unparsable\n",
        "\nkey           k\n",
        "\nvalue\n  no JSON xxx",
        "  and 3008 more characters: -o json has up to 64 KiB\n",
        &format!("  sheaf dlq redrive {key} --why"),
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let whole: Value = serde_json::from_str(&sheaf(&["dlq", "show", key, "--url", &url, "-o", "json"])).unwrap();
    assert_eq!(whole["content"]["record"]["value"]["text"], long.as_str());
    let absent = sheaf(&["dlq", "show", "orders-9@9", "--url", &url]);
    assert!(absent.contains("dead-letter has no entry `orders-9@9`"), "{absent}");
    let empty = sheaf(&["dlq", "list", "--status", "redriven", "--url", &url]);
    assert_eq!(empty, "none\nthe dead letters by status: open 2\n");

    let Node { server, instance, .. } = node;
    instance.stop().unwrap();
    runtime.block_on(server.stop());
}
