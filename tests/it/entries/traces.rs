//! Traces: each instance answers for all, over HTTP, on a page and on the command line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::node::{Node, TOPOLOGY, broker, sheaf, until, write};

/// The stream that tells a page of changes.
fn stream(node: &Node, scope: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(node.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(stream, "GET /console/live?{scope} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    BufReader::new(stream)
}

fn wait_for_change(stream: &mut BufReader<TcpStream>) {
    let mut line = String::new();
    while line.trim_end() != "event: changed" {
        line.clear();
        assert!(stream.read_line(&mut line).unwrap() > 0, "the stream has ended");
    }
}

#[test]
fn a_trace_has_all_its_records_whichever_instance_is_asked() {
    let (directory, broker, runtime) = (tempfile::tempdir().unwrap(), broker(), Runtime::new().unwrap());
    let nodes = Node::group((TOPOLOGY, ["a", "b"]), directory.path(), &broker, &runtime);
    let message = |number: u32, name: &str| format!(r#"{{"traceid":"t/{number}","type":"{name}"}}"#);
    let of = |number: u32| ["OrderPlacedEvent", "PayCommand", "PaidEvent"].map(|name| message(number, name));
    write(&broker, "messages", (0..8).flat_map(of).chain([r#"{"type":"NoTrace"}"#.to_owned()]));
    let all = json!({ "kept": 8 });
    until("each instance answers for all", || {
        nodes.iter().all(|node| {
            let counts = node.ok("trace/counts");
            let traces = (0..8).map(|number| node.get(&format!("traces/t%2F{number}")).1).collect::<Vec<Value>>();
            let is_whole = |trace: &Value| trace["content"]["records"].as_array().is_some_and(|it| it.len() == 3);
            counts["counts"] == all && traces.iter().all(is_whole)
        })
    });
    for number in 0..8 {
        let [trace, other] = nodes.each_ref().map(|node| node.ok(&format!("traces/t%2F{number}")));
        assert_eq!(trace, other, "one of both has asked the other one");
        assert_eq!(trace, nodes[0].ok(&format!("trace/entries/t%2F{number}")), "another address of the same");
        let told: Vec<(&Value, &Value)> =
            trace["entry"]["records"].as_array().unwrap().iter().map(|it| (&it["kind"], &it["name"])).collect();
        let [event, command] = [json!("Event"), json!("Command")];
        let names = ["OrderPlacedEvent", "PayCommand", "PaidEvent"].map(|name| json!(name));
        assert_eq!(told, [(&event, &names[0]), (&command, &names[1]), (&event, &names[2])]);
        assert_eq!(trace["content"]["records"][1]["value"]["text"], message(number, "PayCommand"));
    }
    let (code, problem) = nodes[0].get("traces/t-99");
    assert_eq!((code, &problem["code"]), (404, &json!("unknown_entry")), "{problem}");

    let page = nodes[1].ask("/traces/t%2F1");
    assert!(page.contains("class=\"badge command\">Command</span> <strong>PayCommand</strong>"), "{page}");
    assert!(page.contains("messages-") && page.contains("3 records"), "{page}");
    let mut live = stream(&nodes[1], "application=shop&processor=trace&key=t%2F1");
    wait_for_change(&mut live);
    write(&broker, "messages", [message(1, "ShippedEvent")].into_iter());
    wait_for_change(&mut live);
    let update = nodes[1].ask("/entries/shop/trace/entry?key=t%2F1");
    assert!(update.contains("4 records") && update.contains("ShippedEvent"), "{update}");
    drop(live);

    let url = format!("http://{}", nodes[0].address);
    let told = sheaf(&["traces", "show", "t/1", "--url", &url]);
    assert!(told.starts_with("trace t/1: 4 records from ") && told.contains("  Command  PayCommand  "), "{told}");
    let listed = sheaf(&["traces", "list", "--text", "t/3", "--url", &url]);
    assert!(listed.contains("t/3") && listed.contains("OrderPlacedEvent") && !listed.contains("t/4"), "{listed}");
    for Node { server, instance, .. } in nodes {
        instance.stop().unwrap();
        runtime.block_on(server.stop());
    }
}
