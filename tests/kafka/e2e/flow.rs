//! Staged workflows with a worker in Python that knows nothing of sheaf, while instances are killed.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::super::cluster::root;
use super::super::fixture::keyed;
use super::deployment::{Deployment, PARTITIONS};
use super::process::{Process, until};
use crate::python::python;

/// The queues of the example, in the order of their tasks.
const QUEUES: [&str; 5] = ["accept-order", "cook", "find-courier", "hand-over", "deliver"];
/// A task that the worker fails at first, and has done again.
const FAILS_ONCE: &str = "cook";

/// The trace of those who begin a flow over HTTP.
const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The deployment of the example `examples/food`, with topics of the test's own.
struct Food {
    deployment: Deployment,
    topology: String,
}

/// A worker; it is killed with the test.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended.
        let (Ok(()) | Err(_)) = self.0.kill();
        let (Ok(_) | Err(_)) = self.0.wait();
    }
}

impl Food {
    fn open(test: &str) -> Option<Self> {
        let deployment = Deployment::open(test)?;
        let mut template = std::fs::read_to_string(root().join("examples/food/noodles.json")).expect("the example");
        for queue in QUEUES {
            deployment.fixture.topic(queue, PARTITIONS);
            let own = format!("\"task_queue\": \"{}\"", deployment.topic(queue));
            template = template.replace(&format!("\"task_queue\": \"{queue}\""), &own);
        }
        deployment.fixture.topic("events", PARTITIONS);
        let path = deployment.directory.join("noodles.json");
        std::fs::write(&path, template).expect("written");
        let events = deployment.topic("events");
        let content = format!(
            "name: food\nflow:\n  templates: [{}]\n  reads: [{{ topic: {events}, start: earliest }}]\n",
            path.display()
        );
        let path = deployment.directory.join("food.yaml");
        std::fs::write(&path, content).expect("written");
        Some(Self { topology: format!("topologies={}", path.display()), deployment })
    }

    /// Writes the template with a text replaced by another.
    fn change_template(&self, from: &str, to: &str) {
        let path = self.deployment.directory.join("noodles.json");
        let template = std::fs::read_to_string(&path).expect("the template");
        assert!(template.contains(from), "{template}");
        std::fs::write(&path, template.replace(from, to)).expect("written");
    }

    fn start(&self, instance: &str) -> Process {
        self.deployment.command(&["run", "--set", &self.topology], instance, instance)
    }

    /// A worker of all queues that answers twice, and fails [`FAILS_ONCE`] at first.
    fn worker(&self) -> Worker {
        let bootstrap = &*self.deployment.fixture.settings.bootstrap_servers;
        let (events, group) = (self.deployment.topic("events"), self.deployment.topic("workers"));
        let mut command = Command::new(python(&["confluent-kafka==2.12.2"]));
        command.arg(root().join("examples/food/worker.py")).args([
            "--bootstrap",
            bootstrap,
            "--events",
            events.as_str(),
        ]);
        command.args(["--group", group.as_str(), "--fail-once", FAILS_ONCE, "--twice"]);
        command.args(QUEUES.map(|queue| self.deployment.topic(queue).as_str().to_owned()));
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the worker");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        assert_eq!(line, "ready\n");
        Worker(child)
    }

    /// The order is the key, as Kafka keeps the sequence within a partition only: a task that is done before its flow has begun is a
    /// dead letter.
    fn send(&self, event: &str, order: &str, more: &str) {
        let text =
            format!(r#"{{"event_name":"{event}","business_ref_no":"{order}","component_name":"NOODLES"{more}}}"#);
        self.deployment.produce(&[keyed(&self.deployment.topic("events"), order, &text)]);
    }

    /// The number of `StartTask`s of each task of each order.
    fn started(&self) -> BTreeMap<(String, String), usize> {
        let mut started = BTreeMap::new();
        for queue in QUEUES {
            for record in self.deployment.read(&self.deployment.topic(queue)) {
                let task: Value = serde_json::from_slice(&record.value.expect("a task")).expect("JSON");
                assert_eq!(task["event_name"], "StartTask");
                let name = |field: &str| task[field].as_str().expect("a text").to_owned();
                *started.entry((name("business_ref_no"), name("task_name"))).or_default() += 1;
            }
        }
        started
    }

    /// The orders whose flow has ended, each with the number of its ends.
    fn ended(&self) -> BTreeMap<String, usize> {
        let mut ended = BTreeMap::new();
        for record in self.deployment.read(&self.deployment.own("flows")) {
            let end: Value = serde_json::from_slice(&record.value.expect("an end")).expect("JSON");
            assert_eq!(end["ending"], "completed");
            *ended.entry(end["key"].as_str().expect("a key").to_owned()).or_default() += 1;
        }
        ended
    }
}

#[test]
fn each_task_is_started_once_although_instances_are_killed_and_workers_answer_twice() {
    let Some(food) = Food::open("e2e-food") else { return };
    let (mut first, mut second) = (food.start("a"), food.start("b"));
    first.ready();
    second.ready();
    let _worker = food.worker();
    let orders: Vec<String> = (0..300).map(|number| format!("o{number:03}")).collect();
    let early = ["o000", "o100", "o299"];
    for (number, order) in orders.iter().enumerate() {
        food.send("StartWorkflow", order, "");
        if early.contains(&order.as_str()) {
            food.send("TaskCompleted", order, r#","stage_name":"STREET","task_name":"deliver""#);
        }
        match number {
            60 => first.kill(),
            120 => first = food.start("a"),
            180 => second.kill(),
            240 => second = food.start("b"),
            _ => {}
        }
    }
    food.send("TaskCompleted", "o000", r#","stage_name":"KITCHEN","task_name":"fry""#);
    food.send("TaskCompleted", "nobody", r#","stage_name":"KITCHEN","task_name":"cook""#);
    food.send("StartWorkflow", "o001", "");
    second.ready();
    first.kill();
    first = food.start("a");
    first.ready();
    until("all flows have ended", || food.ended().len() == orders.len());

    assert!(food.ended().values().all(|ends| *ends == 1), "each has ended once");
    let started = food.started();
    for order in &orders {
        let of = |task: &str| started.get(&(order.clone(), task.to_owned())).copied().unwrap_or_default();
        let tasks = ["accept_order", "find_courier", "hand_over"].map(of);
        assert_eq!((tasks, of(FAILS_ONCE)), ([1; 3], 2), "{order}");
        assert_eq!(of("deliver"), usize::from(!early.contains(&order.as_str())), "{order}");
    }
    let letters = food.deployment.read(&food.deployment.own("dead-letters"));
    assert_eq!(letters.len(), 2, "the unknown task and the unknown order");
    let held = first.http_get("/api/v1/flow/entries?status=held").expect("an answer");
    assert!(held.1.contains(r#""items":[]"#), "{}", held.1);
    let (_, shown) = first.http_get("/api/v1/flow/entries/o000").expect("an answer");
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["entry"]["stages"][3]["status"], "COMPLETED", "{shown}");
    assert_eq!([first.terminate(), second.terminate()], [Some(0); 2]);
}

#[test]
fn a_flow_goes_on_with_its_definition_after_the_file_has_changed() {
    let Some(food) = Food::open("e2e-food-changed") else { return };
    let said = |order: &str, stage: &str, task: &str| {
        food.send("TaskCompleted", order, &format!(r#","stage_name":"{stage}","task_name":"{task}""#));
    };
    let started = |order: &str, task: &str| food.started().get(&(order.to_owned(), task.to_owned())).copied();
    let mut process = food.start("a");
    process.ready();
    food.send("StartWorkflow", "old", "");
    until("the old flow has begun", || started("old", "accept_order") == Some(1));
    assert_eq!(process.terminate(), Some(0));

    // The new template has no queue of couriers any more, and another name for the cook.
    let queue = food.deployment.topic("find-courier");
    food.change_template(
        &format!("\"task_queue\": \"{queue}\""),
        &format!("\"task_queue\": \"{}\"", food.deployment.topic("cook")),
    );
    food.change_template("\"cook\"", "\"chef\"");
    let mut process = food.start("a");
    process.ready();
    food.send("StartWorkflow", "new", "");
    for order in ["old", "new"] {
        said(order, "ACCEPT", "accept_order");
    }
    until("both are in the kitchen", || started("old", "cook").is_some() && started("new", "chef").is_some());
    process.kill();
    let mut process = food.start("a");
    process.ready();
    for (order, cook) in [("old", "cook"), ("new", "chef")] {
        for (stage, task) in
            [("KITCHEN", cook), ("KITCHEN", "find_courier"), ("KITCHEN", "hand_over"), ("STREET", "deliver")]
        {
            said(order, stage, task);
        }
    }
    until("both have ended", || food.ended().len() == 2);
    assert_eq!((started("old", "chef"), started("new", "cook")), (None, None));
    let couriers = food.deployment.read(&queue);
    let key = |record: &sheaf::model::Record| record.key.clone().expect("a key");
    assert_eq!(couriers.iter().map(key).collect::<Vec<_>>(), ["old"], "the queue that only the old template has");
    assert_eq!(food.deployment.read(&food.deployment.own("definitions")).len(), 2);
    assert!(food.deployment.read(&food.deployment.own("dead-letters")).is_empty());
    assert_eq!(process.terminate(), Some(0));
}

#[test]
fn a_flow_is_begun_over_http_and_its_end_is_waited_for() {
    let Some(deployment) = Deployment::open("e2e-flow-http") else { return };
    deployment.fixture.topic("retail", PARTITIONS);
    let retail = deployment.topic("retail");
    let content = format!(
        "name: payment
flow:
  reads: [{{ topic: {retail}, type: {{ header: type }}, key: /traceid, data: /data, start: earliest }}]
  writes: {{ topic: {retail}, carry: [traceid] }}
  start: RetrievePaymentCommand
  steps:
    - asked: {{ when: '= start.amount > 10', send: CardAsked, reply: CardAnswered }}
    - received: {{ send: PaymentReceivedEvent, data: {{ amount: '= start.amount' }} }}
"
    );
    let path = deployment.directory.join("payment.yaml");
    std::fs::write(&path, content).expect("written");
    let topology = format!("topologies={}", path.display());
    let words = ["run", "--set", &topology, "--set", "http.anonymous=act"];
    let start = |instance: &str| deployment.command(&words, instance, instance);
    let (mut first, mut second) = (start("a"), start("b"));
    first.ready();
    second.ready();
    let post = |asked: &Process, wait: &str, body: &str| {
        let url = format!("http://{}/api/v1/flows/payment?wait={wait}", asked.address());
        let mut curl = Command::new("curl");
        curl.args(["-sS", "-w", "\n%{http_code}", "-H", "content-type: application/json", "-d", body, &url]);
        curl.args(["-H", &format!("traceparent: {TRACEPARENT}")]);
        let output = output_of(&mut curl);
        let (body, status) = output.rsplit_once('\n').expect("a status");
        (status.to_owned(), serde_json::from_str::<Value>(body).expect("JSON"))
    };
    for asked in [&first, &second] {
        let (status, answer) = post(asked, "5s", r#"{"data":{"amount":5.50}}"#);
        assert_eq!((status.as_str(), &answer["status"]), ("200", &"completed".into()), "{answer}");
    }
    let (status, answer) = post(&first, "500ms", r#"{"key":"t-1","data":{"amount":20}}"#);
    assert_eq!((status.as_str(), &answer["status"], &answer["traceId"]), ("202", &"pending".into(), &"t-1".into()));
    let (again, _) = post(&second, "100ms", r#"{"key":"t-1","data":{"amount":20}}"#);
    let (other, refused) = post(&first, "100ms", r#"{"key":"t-1","data":{"amount":21}}"#);
    assert_eq!((again.as_str(), other.as_str()), ("202", "409"), "{refused}");
    let (status, answer) = post(&first, "soon", r#"{"data":{}}"#);
    assert_eq!(status, "400", "{answer}");
    let records = deployment.read(&retail);
    let of = |kind: &str| records.iter().filter(|record| record.headers.text("type") == Some(kind)).count();
    assert_eq!((of("CardAsked"), of("PaymentReceivedEvent")), (1, 2), "each flow has begun once");
    assert!(records.iter().all(|record| record.headers.text("traceparent") == Some(TRACEPARENT)), "{records:?}");
    let text =
        |record: &sheaf::model::Record| String::from_utf8_lossy(record.value.as_deref().expect("a value")).into_owned();
    assert!(records.iter().map(text).any(|text| text.contains(r#""traceid":"t-1""#)), "the key is the trace id");
    assert!(records.iter().map(text).any(|text| text.contains(r#""amount":5.50"#)), "digits are kept");
    assert_eq!([first.terminate(), second.terminate()], [Some(0); 2]);
}

fn output_of(command: &mut Command) -> String {
    let output = command.output().expect("curl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}
