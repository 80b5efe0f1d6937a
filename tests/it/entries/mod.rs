//! Entries over HTTP: two instances with servers of their own, on a broker in memory; each answers for both.

mod flows;
mod letters;
mod node;
mod scripts;
mod selection;
mod traces;
mod unanswered;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tokio::runtime::Runtime;

use self::node::{Node, TOPOLOGY, broker, sheaf, until, write};

fn items(page: &Value) -> &[Value] {
    page["items"].as_array().unwrap()
}

fn keys(page: &Value) -> Vec<&str> {
    items(page).iter().map(|item| item["key"].as_str().unwrap()).collect()
}

/// A node answers as another one has, also by pages and for each entry, and refuses what it does not know.
fn check_answers(node: &Node, path: &str, of_a: &Value) {
    assert_eq!(items(&node.ok(path)), items(of_a));
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = node.ok(&format!("bundle/entries?status=open&limit=7{cursor}"));
        paged.extend(keys(&page).into_iter().map(str::to_owned));
        let Some(next) = page.get("next") else { break };
        cursor = format!("&cursor={}", next.as_str().unwrap());
    }
    assert_eq!(paged, keys(of_a));
    for item in items(of_a) {
        let shown = node.ok(&format!("bundle/entries/{}", item["key"].as_str().unwrap()));
        assert_eq!((&shown["entry"], &shown["instance"]), (&item["entry"], &item["instance"]));
    }
    let (code, problem) = node.get("bundle/entries/order-99");
    assert_eq!((code, &problem["code"]), (404, &"unknown_entry".into()), "{problem}");
    let (code, problem) = node.get("basket/entries");
    assert_eq!((code, &problem["code"]), (404, &"unknown_processor".into()), "{problem}");
    let (code, problem) = node.get("bundle/entries?limit=0");
    assert_eq!(code, 400, "{problem}");
}

/// The command line lists what the API does, and tells the story of one bundle.
fn check_command_line(node: &Node, of_a: &Value) {
    let url = format!("http://{}", node.address);
    let listed = sheaf(&["bundles", "list", "--status", "open", "--limit", "501", "--url", &url, "-o", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&listed).unwrap().as_array().unwrap(), items(of_a));
    let table = sheaf(&["bundles", "list", "--text", "r-19", "--url", &url]);
    assert!(table.contains("order-19") && table.contains("closed") && !table.contains("order-18"), "{table}");
    let story = sheaf(&["bundles", "show", "order-30", "--url", &url]);
    for said in [
        "bundle order-30: waits for children\n",
        "missing       child 1\n",
        "children      0 of 1\n",
        " parent came (orders-",
        "bundles extend order-30 --until",
    ] {
        assert!(story.contains(said), "{said}: {story}");
    }
    let csv = sheaf(&["deliveries", "list", "--url", &url, "-o", "csv"]);
    assert!(csv.contains("there is no processor of this name"), "{csv}");
}

#[test]
fn each_instance_answers_for_all_and_names_what_is_missing() {
    let (directory, broker, runtime) = (tempfile::tempdir().unwrap(), broker(), Runtime::new().unwrap());
    let names = ["a", "b", "c"];
    let mut nodes: BTreeMap<&str, Node> =
        names.into_iter().zip(Node::group((TOPOLOGY, names), directory.path(), &broker, &runtime)).collect();
    write(&broker, "orders", (0..60).map(|number| format!(r#"{{"order":"order-{number:02}"}}"#)));
    write(&broker, "payments", (0..20).map(|number| format!(r#"{{"order":"order-{number:02}","id":"p"}}"#)));
    until("all entries are listed by each instance", || {
        nodes.values().all(|node| {
            let counts = node.ok("bundle/counts");
            counts["total"] == 60 && counts["counts"]["closed"] == 20 && counts.get("incomplete").is_none()
        })
    });
    let path = "bundle/entries?status=open&limit=500";
    let of_a = nodes["a"].ok(path);
    assert_eq!(items(&of_a).len(), 40);
    assert!(items(&of_a).iter().all(|item| item["status"][0] == "open/waiting-children"), "{of_a}");
    let owners: BTreeSet<&str> = items(&of_a).iter().map(|item| item["instance"].as_str().unwrap()).collect();
    assert!(owners.len() > 1, "several instances have bundles: {of_a}");
    for node in nodes.values() {
        check_answers(node, path, &of_a);
    }
    check_command_line(&nodes["b"], &of_a);

    // The server of an owner stops, while its stream threads go on: its entries are missing, and this is said.
    let gone = names.into_iter().find(|name| owners.contains(name)).unwrap();
    let other = names.into_iter().find(|name| *name != gone).unwrap();
    let Node { server, instance, .. } = nodes.remove(gone).unwrap();
    runtime.block_on(server.stop());
    let page = nodes[other].ok(path);
    let missing = page["incomplete"].as_array().unwrap();
    let of_gone = items(&of_a).iter().filter(|item| item["instance"] == gone);
    assert_eq!(items(&page).len() + of_gone.clone().count(), 40);
    let reason = missing[0]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with(&format!("{gone} at http://127.0.0.1:")) && reason.contains(" does not answer: "),
        "{reason}"
    );
    let key = of_gone.clone().next().unwrap()["key"].as_str().unwrap();
    let (code, problem) = nodes[other].get(&format!("bundle/entries/{key}"));
    assert_eq!((code, &problem["code"]), (503, &"incomplete".into()));
    assert!(problem["detail"].as_str().unwrap().contains(reason), "{problem}");

    // It stops: the others take its tasks over.
    instance.stop().unwrap();
    until("the others have its bundles", || {
        let page = nodes[other].ok(path);
        items(&page).len() == 40 && page.get("incomplete").is_none()
    });
    for (_, Node { server, instance, .. }) in nodes {
        instance.stop().unwrap();
        runtime.block_on(server.stop());
    }
}
