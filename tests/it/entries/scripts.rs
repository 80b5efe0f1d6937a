//! Threads of scripts: lists by what they wait for, each step of their past, on a page and on the command line.

use bytes::Bytes;
use serde_json::json;
use sheaf::broker::memory::MemoryBroker;
use sheaf::broker::{Broker as _, ProducerSpec};
use sheaf::model::{Key, OutRecord, Topic};
use tokio::runtime::Runtime;

use super::node::{Node, TIMEOUT, broker, sheaf, until};

const SCRIPT: &str = r#"import * as W from "@effectful/kafka-workflow";
W.config.outputTopics.add("orders");
export async function main({ name }: { name: string }) {
  console.log("hello", { name });
  W.output(name, "orders");
  const value = await W.suspend("first");
  return await W.suspend(value === "last" ? "last" : "second");
}
"#;

fn send(broker: &MemoryBroker, events: &[(String, String)]) {
    let mut producer = broker.producer(&ProducerSpec::transactional("outside")).unwrap();
    producer.init(TIMEOUT).unwrap();
    let record = |(thread, value): &(String, String)| {
        OutRecord::keyed(&Topic::new("messages"), &Key::new(thread), Bytes::from(value.clone()))
    };
    producer.transact(&events.iter().map(record).collect::<Vec<_>>(), TIMEOUT).unwrap();
}

#[test]
fn threads_are_listed_by_what_they_wait_for_and_shown_with_their_past() {
    let (directory, broker, runtime) = (tempfile::tempdir().unwrap(), broker(), Runtime::new().unwrap());
    let file = directory.path().join("names.ts");
    std::fs::write(&file, SCRIPT).unwrap();
    let topology = format!(
        "name: names\nscript:\n  file: {}\n  reads: [{{ topic: messages, start: earliest }}]\n",
        file.display()
    );
    let [node] = Node::group((&topology, ["a"]), directory.path(), &broker, &runtime);
    let threads = || (0..6).map(|number| format!("t-{number}"));
    send(
        &broker,
        &threads().map(|thread| (thread.clone(), format!("new:{{\"name\":\"{thread}\"}}"))).collect::<Vec<_>>(),
    );
    let event = r#"{"ref":"first","value":"last"}"#.to_owned();
    send(&broker, &threads().take(2).map(|thread| (thread, event.clone())).collect::<Vec<_>>());
    let url = format!("http://{}", node.address);
    let list = |filter: &str| sheaf(&["scripts", "list", "--url", &url, "--filter", filter]);
    until("two threads wait for the last event", || list("waits=last").matches("names.ts").count() == 2);
    let listed = list("waits=first");
    assert!(listed.matches("names.ts").count() == 4 && listed.contains("t-5") && !listed.contains("t-1"), "{listed}");
    assert_eq!(list("version=newest").matches("names.ts").count(), 6, "{listed}");
    assert_eq!(list("version=older").matches("names.ts").count(), 0, "{listed}");

    let shown = node.ok("script/entries/t-1");
    assert_eq!(shown["entry"]["waits_for"], json!(["last"]), "{shown}");
    let journal = &shown["content"]["journal"];
    assert_eq!(journal[0]["given"], json!({ "begin": { "name": "t-1" } }), "{shown}");
    assert_eq!(journal[0]["writes"], json!([{ "topic": "orders", "key": "t-1", "value": "t-1" }]));
    assert_eq!(
        (&journal[0]["console"], &journal[0]["waits_for"]),
        (&json!([r#"hello {"name":"t-1"}"#]), &json!(["first"]))
    );
    assert_eq!((&journal[1]["given"]["for"], &journal[1]["waits_for"]), (&json!("first"), &json!(["last"])));
    let story = sheaf(&["scripts", "show", "t-1", "--url", &url]);
    for line in
        ["thread t-1", "  waits for  last", "    says   hello {\"name\":\"t-1\"}", "    writes orders key=t-1 t-1"]
    {
        assert!(story.lines().any(|it| it == line), "{line}\n{story}");
    }
    let page = node.ask("/entries/shop/script/entry?key=t-1");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("t-1") && page.contains("last"), "{page}");
}
