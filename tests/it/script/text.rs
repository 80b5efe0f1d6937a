//! The format of javactrl-kafka (S3-14): its two flows do what its tests say.

use std::collections::BTreeMap;

use super::cases::example;
use super::workflow::Workflow;

fn workflow(name: &str, cache_mib: u16) -> Workflow {
    Workflow::with_keys(&example(name), &format!("format: text\n  cache_mib: {cache_mib}"))
}

/// The records by topic, as they are expected: topic, and key and value.
fn records(all: &[(&str, &str)]) -> BTreeMap<String, Vec<String>> {
    let mut by_topic: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (topic, record) in all {
        by_topic.entry((*topic).to_owned()).or_default().push((*record).to_owned());
    }
    by_topic
}

#[test]
fn a_trip_with_texts() {
    let begin = [
        ("workflow-scheduler", "t|v1=1000"),
        ("saga-reserve-car", "t=v2"),
        ("saga-reserve-hotel", "t=v3"),
        ("saga-reserve-flight", "t=v4"),
    ];
    let in_time = ("workflow-scheduler", "t|v1=0");
    for (events, then) in [
        (
            &["new:{}", "v4:=PS124", "v3:=CityInn", "v2:=Sedan"][..],
            &[in_time, ("saga-result", "t=Sedan,CityInn,PS124")][..],
        ),
        (
            &["new:", "v4:=PS124", "v3:!no hotels available"],
            &[
                in_time,
                ("saga-cancel-car", "t=v2"),
                ("saga-error", "t=no hotels available"),
                ("saga-cancel-flight", "t=PS124"),
            ],
        ),
        (
            &["new:throwInFlight", "v3:=CityInn", "v4:=PS124", "v2:=Sedan"],
            &[
                in_time,
                ("saga-cancel-car", "t=v2"),
                ("saga-error", "t=something is wrong"),
                ("saga-cancel-hotel", "t=CityInn"),
                ("saga-cancel-flight", "t=PS124"),
            ],
        ),
        (
            &["new:", "v4:=PS124", "v2:=Sedan", "v1:="],
            &[
                ("saga-cancel-hotel", "t=v3"),
                ("saga-error", "t=timeout"),
                ("saga-cancel-flight", "t=PS124"),
                ("saga-cancel-car", "t=Sedan"),
            ],
        ),
    ] {
        for cache_mib in [64, 0] {
            let mut trip = workflow("text-trip", cache_mib);
            for event in events {
                trip.send("t", event);
            }
            assert_eq!(trip.read(), records(&[&begin[..], then].concat()), "{events:?}");
            assert!(trip.waits_for("t", &[]) && trip.driver.dead_letters().unwrap().is_empty());
        }
    }
}

#[test]
fn a_cart_with_texts() {
    let mut shop = workflow("text-shop", 0);
    let add = |quantity: u32, product: &str| {
        format!(r#"main:={{"type":"addToCart","item":{{"quantity":{quantity},"productId":"{product}"}}}}"#)
    };
    let mail = r#"main:={"type":"updateEmail","email":"ann@example.com"}"#;
    for (thread, event) in [
        ("t", "new:2000"),
        ("t", mail),
        ("t", &add(10, "teapot")),
        ("u", "new:1000"),
        ("u", mail),
        ("v", "new:3000"),
        ("t", &add(11, "sigar")),
        ("t", &add(20, "teapot")),
        ("t", r#"main:={"type":"removeFromCart","item":{"quantity":11,"productId":"sigar"}}"#),
        ("t", r#"main:={"type":"getCart"}"#),
        ("t", r#"main:={"type":"checkout"}"#),
        ("v", "v1"),
        ("u", "v2:="),
    ] {
        shop.send(thread, event);
    }
    let read = shop.read();
    let cart = r#"t={"items":{"teapot":30},"email":"ann@example.com"}"#;
    assert_eq!((&read["getCart"], &read["checkout"]), (&vec![cart.to_owned()], &vec![cart.to_owned()]));
    assert_eq!(
        (&read["reminder"], read["workflow-scheduler"].last().unwrap()),
        (&vec!["u=ann@example.com".to_owned()], &"u|v3=1000".to_owned())
    );
    assert!(shop.waits_for("t", &[]) && shop.waits_for("v", &[]) && shop.waits_for("u", &["main", "v3"]));
    // What nobody waits for, and what says nothing.
    for event in ["v2:=", "v3:?", "", ":=", "other"] {
        shop.send("u", event);
    }
    assert!(shop.waits_for("u", &["main", "v3"]) && shop.driver.dead_letters().unwrap().is_empty());
}
