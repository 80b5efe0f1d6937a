//! What the two example workflows do, as the tests of effectful.js's engine have it (S3-15): its five of `EngineTest`, and six of its tests of the examples.
//! `@3` is the offset of the input with this number, which is the id of its step.

use std::collections::BTreeMap;

/// A thread and a value.
pub(crate) type Sent = (&'static str, &'static str);

/// Events, and the records that come of them.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The name of the example.
    pub(crate) script: &'static str,
    pub(crate) events: &'static [Sent],
    /// Topic, key, value; those of a topic in their order.
    pub(crate) records: &'static [(&'static str, &'static str, &'static str)],
    /// True if records go to topics that effectful.js's own source has not declared (D3-b).
    pub(crate) is_own: bool,
}

impl Case {
    /// The records by topic, each as `key=value`, with these offsets of the events; the ids of threads begin with a text.
    pub(crate) fn expected(&self, offsets: &[i64], begin: &str) -> BTreeMap<String, Vec<String>> {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (topic, key, value) in self.records {
            let record = with_offsets(&format!("{begin}{key}={value}"), offsets);
            all.entry((*topic).to_owned()).or_default().push(record);
        }
        all
    }
}

/// The text with the offsets of the events in place of their numbers.
pub(crate) fn with_offsets(text: &str, offsets: &[i64]) -> String {
    // From the last, since `@1` begins `@10`.
    let replace =
        |text: String, (number, offset): (usize, &i64)| text.replace(&format!("@{number}"), &offset.to_string());
    offsets.iter().enumerate().rev().fold(text.to_owned(), replace)
}

const RESERVED: [(&str, &str, &str); 4] = [
    ("saga-reserve-car", "t", "@0:1"),
    ("saga-reserve-hotel", "t", "@0:2"),
    ("saga-reserve-flight", "t", "@0:3"),
    ("workflow-scheduler", r#"t|{"ref":"@0:4"}"#, "1000"),
];

macro_rules! after_reserving {
    ($($record:expr),* $(,)?) => { &[RESERVED[0], RESERVED[1], RESERVED[2], RESERVED[3], $($record),*] };
}

const FLIGHT: Sent = ("t", r#"{"ref":"@0:3","value":{"id":"flight-id"}}"#);
const HOTEL: Sent = ("t", r#"{"ref":"@0:2"}"#);
const CAR: Sent = ("t", r#"{"ref":"@0:1","value":{"id":"car-id"}}"#);
const IN_TIME: (&str, &str, &str) = ("workflow-scheduler", r#"t|{"ref":"@0:4"}"#, "0");

const TRIP: [Case; 6] = [
    Case {
        name: "EngineTest: all are resolved; saga: concurrent execution",
        script: "trip",
        events: &[("t", "new:{}"), FLIGHT, HOTEL, CAR],
        records: after_reserving![
            IN_TIME,
            ("workflow-result", "t", r#"{"car":{"id":"@0:1"},"hotel":{"id":"@0:2"},"flight":{"id":"@0:3"}}"#)
        ],
        is_own: false,
    },
    Case {
        name: "EngineTest: an error in the code",
        script: "trip",
        events: &[("t", r#"new:{"throwAfterHotel":true}"#), FLIGHT, CAR, HOTEL],
        records: after_reserving![
            IN_TIME,
            ("saga-cancel-car", "t", "@0:1"),
            ("saga-cancel-hotel", "t", "@0:2"),
            ("saga-cancel-flight", "t", "@0:3"),
            ("workflow-error", "t", r#""something is wrong""#),
        ],
        is_own: false,
    },
    Case {
        name: "EngineTest: one has failed",
        script: "trip",
        events: &[("t", "new:{}"), FLIGHT, CAR, ("t", r#"{"ref":"@0:2","error":"hotel is not available"}"#)],
        records: after_reserving![
            IN_TIME,
            ("saga-cancel-car", "t", "@0:1"),
            ("saga-cancel-flight", "t", "@0:3"),
            ("workflow-error", "t", r#""hotel is not available""#),
        ],
        is_own: false,
    },
    Case {
        name: "EngineTest: it takes too long",
        script: "trip",
        events: &[("t", "new:{}"), FLIGHT, CAR, ("t", r#"{"ref":"@0:4"}"#)],
        records: after_reserving![
            ("saga-cancel-car", "t", "@0:1"),
            ("saga-cancel-hotel", "t", "@0:2"),
            ("saga-cancel-flight", "t", "@0:3"),
            ("workflow-error", "t", r#""timeout""#),
        ],
        is_own: false,
    },
    Case {
        name: "saga: one is rejected; what may still be reserved is given back",
        script: "trip",
        events: &[("t", "new:{}"), FLIGHT, ("t", r#"{"ref":"@0:2","error":"not available"}"#)],
        records: after_reserving![
            IN_TIME,
            ("saga-cancel-car", "t", "@0:1"),
            ("saga-cancel-flight", "t", "@0:3"),
            ("workflow-error", "t", r#""not available""#),
        ],
        is_own: false,
    },
    Case {
        name: "saga: time-out",
        script: "trip",
        events: &[("t", "new:{}"), CAR, ("t", r#"{"ref":"@0:4"}"#)],
        records: after_reserving![
            ("saga-cancel-hotel", "t", "@0:2"),
            ("saga-cancel-flight", "t", "@0:3"),
            ("saga-cancel-car", "t", "@0:1"),
            ("workflow-error", "t", r#""timeout""#),
        ],
        is_own: false,
    },
];

const ANN: Sent = ("t", r#"{"ref":"main","value":{"type":"updateEmail","email":"ann@example.com"}}"#);
const CHECK_OUT: Sent = ("t", r#"{"ref":"main","value":{"type":"checkout"}}"#);

const SHOP: [Case; 5] = [
    Case {
        name: "EngineTest: two carts",
        script: "shop",
        events: &[
            ("t", r#"new:{"abandonedCartTimeoutMS":2000}"#),
            ANN,
            ("t", r#"{"value":{"type":"addToCart","item":{"quantity":10,"productId":"teapot"}},"ref":"main"}"#),
            ("u", r#"new:{"abandonedCartTimeoutMS":1000}"#),
            ("u", r#"{"value":{"type":"updateEmail","email":"bob@example.com"},"ref":"main"}"#),
            ("t", r#"{"value":{"type":"addToCart","item":{"quantity":20,"productId":"teapot"}},"ref":"main"}"#),
            CHECK_OUT,
        ],
        records: &[
            ("workflow-scheduler", r#"t|{"ref":"@0:1"}"#, "2000"),
            ("workflow-scheduler", r#"t|{"ref":"@0:1"}"#, "0"),
            ("workflow-scheduler", r#"t|{"ref":"@1:1"}"#, "2000"),
            ("workflow-scheduler", r#"t|{"ref":"@1:1"}"#, "0"),
            ("workflow-scheduler", r#"t|{"ref":"@2:1"}"#, "2000"),
            ("workflow-scheduler", r#"u|{"ref":"@3:1"}"#, "1000"),
            ("workflow-scheduler", r#"u|{"ref":"@3:1"}"#, "0"),
            ("workflow-scheduler", r#"u|{"ref":"@4:1"}"#, "1000"),
            ("workflow-scheduler", r#"t|{"ref":"@2:1"}"#, "0"),
            ("workflow-scheduler", r#"t|{"ref":"@5:1"}"#, "2000"),
            ("workflow-scheduler", r#"t|{"ref":"@5:1"}"#, "0"),
            ("workflow-result", "t", r#"{"items":[{"quantity":30,"productId":"teapot"}],"email":"ann@example.com"}"#),
        ],
        is_own: false,
    },
    Case {
        name: "ecommerce: the operations of a cart",
        script: "shop",
        events: &[
            ("t", r#"new:{"abandonedCartTimeoutMS":50}"#),
            CHECK_OUT,
            ANN,
            ("t", r#"{"ref":"main","value":{"type":"addToCart","item":{"quantity":10,"productId":"teapot"}}}"#),
            ("t", r#"{"ref":"main","value":{"type":"addToCart","item":{"quantity":11,"productId":"sigar"}}}"#),
            ("t", r#"{"ref":"main","value":{"type":"removeFromCart","item":{"quantity":11,"productId":"sigar"}}}"#),
            ("t", r#"{"ref":"main","value":{"type":"addToCart","item":{"quantity":2,"productId":"sugar"}}}"#),
            ("t", r#"{"ref":"main","value":{"type":"getCart"}}"#),
            CHECK_OUT,
        ],
        records: &[
            ("workflow-scheduler", r#"t|{"ref":"@0:1"}"#, "50"),
            ("workflow-scheduler", r#"t|{"ref":"@0:1"}"#, "0"),
            ("checkoutError", "t", "Must have items to check out!"),
            ("workflow-scheduler", r#"t|{"ref":"@1:1"}"#, "50"),
            ("workflow-scheduler", r#"t|{"ref":"@1:1"}"#, "0"),
            ("workflow-scheduler", r#"t|{"ref":"@2:1"}"#, "50"),
            ("workflow-scheduler", r#"t|{"ref":"@2:1"}"#, "0"),
            ("workflow-scheduler", r#"t|{"ref":"@3:1"}"#, "50"),
            ("workflow-scheduler", r#"t|{"ref":"@3:1"}"#, "0"),
            ("workflow-scheduler", r#"t|{"ref":"@4:1"}"#, "50"),
            ("workflow-scheduler", r#"t|{"ref":"@4:1"}"#, "0"),
            ("workflow-scheduler", r#"t|{"ref":"@5:1"}"#, "50"),
            ("workflow-scheduler", r#"t|{"ref":"@5:1"}"#, "0"),
            ("workflow-scheduler", r#"t|{"ref":"@6:1"}"#, "50"),
            ("workflow-scheduler", r#"t|{"ref":"@6:1"}"#, "0"),
            (
                "getCart",
                "t",
                r#"{"items":[{"quantity":10,"productId":"teapot"},{"quantity":2,"productId":"sugar"}],"email":"ann@example.com"}"#,
            ),
            ("workflow-scheduler", r#"t|{"ref":"@7:1"}"#, "50"),
            ("workflow-scheduler", r#"t|{"ref":"@7:1"}"#, "0"),
            (
                "workflow-result",
                "t",
                r#"{"items":[{"quantity":10,"productId":"teapot"},{"quantity":2,"productId":"sugar"}],"email":"ann@example.com"}"#,
            ),
        ],
        is_own: true,
    },
    Case {
        name: "ecommerce: abandoned and resumed",
        script: "shop",
        events: &[
            ("t", r#"new:{"abandonedCartTimeoutMS":50}"#),
            ANN,
            ("t", r#"{"ref":"@1:1"}"#),
            ("t", r#"{"ref":"main","value":{"type":"addToCart","item":{"quantity":2,"productId":"sugar"}}}"#),
            CHECK_OUT,
        ],
        records: &[
            ("workflow-scheduler", r#"t|{"ref":"@0:1"}"#, "50"),
            ("workflow-scheduler", r#"t|{"ref":"@0:1"}"#, "0"),
            ("workflow-scheduler", r#"t|{"ref":"@1:1"}"#, "50"),
            ("ecommerce-reminder", "t", "ann@example.com"),
            ("workflow-scheduler", r#"t|{"ref":"@2:1"}"#, "50"),
            ("workflow-scheduler", r#"t|{"ref":"@2:1"}"#, "0"),
            ("workflow-scheduler", r#"t|{"ref":"@3:1"}"#, "50"),
            ("workflow-scheduler", r#"t|{"ref":"@3:1"}"#, "0"),
            ("workflow-result", "t", r#"{"items":[{"quantity":2,"productId":"sugar"}],"email":"ann@example.com"}"#),
        ],
        is_own: false,
    },
    Case {
        name: "ecommerce: abandoned for ever",
        script: "shop",
        events: &[
            ("t", r#"new:{"abandonedCartTimeoutMS":50}"#),
            ANN,
            ("t", r#"{"ref":"@1:1"}"#),
            ("t", r#"{"ref":"@2:1"}"#),
        ],
        records: &[
            ("workflow-scheduler", r#"t|{"ref":"@0:1"}"#, "50"),
            ("workflow-scheduler", r#"t|{"ref":"@0:1"}"#, "0"),
            ("workflow-scheduler", r#"t|{"ref":"@1:1"}"#, "50"),
            ("ecommerce-reminder", "t", "ann@example.com"),
            ("workflow-scheduler", r#"t|{"ref":"@2:1"}"#, "50"),
            ("workflow-result", "t", r#""abondoned""#),
        ],
        is_own: false,
    },
    Case {
        name: "ecommerce: nobody can be reminded",
        script: "shop",
        events: &[("t", r#"new:{"abandonedCartTimeoutMS":50}"#), ("t", r#"{"ref":"@0:1"}"#)],
        records: &[("workflow-scheduler", r#"t|{"ref":"@0:1"}"#, "50"), ("workflow-result", "t", r#""abondoned""#)],
        is_own: false,
    },
];

/// All cases.
pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    TRIP.iter().chain(&SHOP)
}

/// The text of an example.
pub(crate) fn example(script: &str) -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(root.join("examples/workflows").join(format!("{script}.ts"))).expect("the example")
}
