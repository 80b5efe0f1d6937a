//! `examples/retail` with `sheaf mock retail`: services that refuse and fail, while instances are killed.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;
use sheaf::model::Topic;

use super::super::cluster::root;
use super::deployment::Deployment;
use super::process::{Process, until};

/// The orders of the shop.
const ORDERS: usize = 40;
/// The messages of an order that is paid, fetched and shipped, all of them with its trace id.
const MESSAGES: [&str; 8] = [
    "OrderPlacedEvent",
    "RetrievePaymentCommand",
    "PaymentReceivedEvent",
    "FetchGoodsCommand",
    "GoodsFetchedEvent",
    "ShipGoodsCommand",
    "GoodsShippedEvent",
    "OrderCompletedEvent",
];

/// The numbers of the card service.
fn card_counts(address: &str) -> Value {
    let mut stream = TcpStream::connect(address).expect("the card service");
    write!(stream, "GET / HTTP/1.0\r\nHost: {address}\r\n\r\n").expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    serde_json::from_str(text.split_once("\r\n\r\n").expect("a body").1).expect("JSON")
}

/// The messages of each trace, by type.
fn messages(deployment: &Deployment) -> BTreeMap<String, BTreeMap<String, usize>> {
    let mut traces: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for record in deployment.read(&Topic::new("flowing-retail")) {
        let value: Value = serde_json::from_slice(&record.value.expect("a message")).expect("JSON");
        let text = |name: &str| value[name].as_str().expect("a text").to_owned();
        *traces.entry(text("traceid")).or_default().entry(text("type")).or_default() += 1;
    }
    traces
}

#[test]
fn each_order_has_each_message_once_and_each_charge_is_executed_once_although_instances_are_killed() {
    let Some(deployment) = Deployment::open("e2e-retail") else { return };
    let bootstrap = deployment.fixture.settings.bootstrap_servers.clone();
    let (directory, orders) = (deployment.directory.clone(), ORDERS.to_string());
    let words = ["mock", "retail", "-b", &bootstrap, "--bind", "127.0.0.1:0", "--orders", &orders, "--every", "100ms"];
    let chance = ["--delay", "200ms", "--refuse", "40", "--fail", "20"];
    let mut services = Process::start(None, &[words.as_slice(), &chance].concat(), &[], directory.join("mock.log"));
    services.wait_for_log("/charge");
    let log = services.log_text();
    let card = log.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect("an address").to_owned();

    let settings = std::fs::read_to_string(root().join("examples/retail/sheaf.yaml")).expect("the example");
    let own = [
        ("localhost:9092", bootstrap.as_str()),
        ("localhost:8099", &card),
        ("application_id: retail", &format!("application_id: {}", deployment.application())),
    ];
    let settings = own.iter().fold(settings, |text, (from, to)| {
        assert!(text.contains(from), "{text}");
        text.replace(from, to)
    });
    let config = directory.join("retail.yaml");
    let quick = "partitions: 4\nhttp: { bind: \"127.0.0.1:0\" }\n";
    std::fs::write(&config, format!("{settings}{quick}")).expect("written");
    let start = |instance: &str, number: u32| {
        let sets = [
            format!("instance_id={instance}"),
            format!("state_dir={}", directory.join(instance).display()),
            "kafka.properties.session.timeout.ms=6000".to_owned(),
            "kafka.properties.heartbeat.interval.ms=1000".to_owned(),
        ];
        let mut words = vec!["run", "-c", config.to_str().expect("a path")];
        words.extend(sets.iter().flat_map(|set| ["--set", set.as_str()]));
        Process::start(None, &words, &[], directory.join(format!("{instance}-{number}.log")))
    };
    let completed = |count: usize| {
        let traces = messages(&deployment);
        traces.values().filter(|kinds| kinds.contains_key("OrderCompletedEvent")).count() >= count
    };
    let (mut first, mut second) = (start("a", 1), start("b", 1));
    first.ready();
    until("some orders are completed", || completed(3));
    first.kill();
    first = start("a", 2);
    until("more orders are completed", || completed(12));
    second.kill();
    second = start("b", 2);
    until("all orders are completed", || completed(ORDERS));
    services.wait_for_log(&format!("{ORDERS} of {ORDERS} orders are completed"));

    let traces = messages(&deployment);
    assert_eq!(traces.len(), ORDERS);
    let mut charged = 0;
    for (trace, kinds) in &traces {
        for kind in MESSAGES {
            assert_eq!(kinds.get(kind), Some(&1), "{kind} of {trace}: {kinds:?}");
        }
        let count = |kind: &str| kinds.get(kind).copied().unwrap_or_default();
        assert_eq!(count("CustomerCreditCardRefused"), count("CreditCardUpdatedEvent"), "{trace}");
        charged += count("CreditCardCharged");
    }
    let counts = card_counts(&card);
    assert_eq!(counts["charged"], charged, "{counts}");
    assert!(counts["refused"].as_u64() > Some(0) && counts["failed"].as_u64() > Some(0), "{counts}");
    assert_eq!(first.terminate(), Some(0));
    assert_eq!(second.terminate(), Some(0));
    assert_eq!(services.terminate(), Some(0));
}
