//! What effectful.js's engine does wrong (D3-a to D3-g of the design's facts), and what else comes to a thread that is no event of it.

use sheaf::model::{Key, OutRecord, Topic, TopicPartition};

use super::cases::example;
use super::workflow::{RESUME, Workflow};

/// An event for `main` of the shop.
fn signal(signal: &str) -> String {
    format!(r#"{{"ref":"main","value":{signal}}}"#)
}

fn mail(address: &str) -> String {
    signal(&format!(r#"{{"type":"updateEmail","email":"{address}"}}"#))
}

#[test]
fn d3_a_nothing_of_a_thread_comes_to_another() {
    for cache_mib in [64, 0] {
        let mut shop = Workflow::of(&example("shop"), cache_mib);
        for (thread, value) in [
            ("a", r#"new:{"abandonedCartTimeoutMS":50}"#.to_owned()),
            ("a", mail("alice@a")),
            ("a", signal(r#"{"type":"addToCart","item":{"productId":"tea","quantity":1}}"#)),
            ("a", r#"{"ref":"unknown"}"#.to_owned()),
            ("b", r#"new:{"abandonedCartTimeoutMS":50}"#.to_owned()),
        ] {
            shop.send(thread, &value);
        }
        assert!(shop.waits_for("b", &["main", "@4:1"]));
        // The timer of the thread a is none of the thread b.
        shop.send("b", r#"{"ref":"@2:1"}"#);
        assert!(shop.waits_for("b", &["main", "@4:1"]));
        shop.send("b", r#"{"ref":"@4:1"}"#);
        let read = shop.read();
        assert_eq!(
            (read.get("ecommerce-reminder"), &read["workflow-result"]),
            (None, &vec![r#"b="abondoned""#.to_owned()])
        );
        assert!(shop.waits_for("a", &["main", "@2:1"]));
    }
}

#[test]
fn d3_a_what_a_script_changes_around_it_is_its_own() {
    let text = r#"
        import * as W from "@effectful/kafka-workflow";
        let count = 0;
        export async function main() {
            (Object.prototype as any).ref = "none";
            (Array.prototype as any).extra = ++count;
            (Map.prototype as any).get = undefined;
            await W.suspend("next");
            return [count, ([] as any).extra];
        }"#;
    let other = "export async function main() { return [(({}) as any).ref ?? null, typeof Map.prototype.get, ([] as any).extra ?? null] }";
    let mut polluting = Workflow::of(text, 64);
    polluting.send("a", "new:1");
    polluting.send("b", "new:1");
    let mut clean = Workflow::of(other, 64);
    clean.send("c", "new:1");
    assert_eq!(clean.read()["workflow-result"], [r#"c=[null,"function",null]"#]);
    polluting.send("d", "new:1");
    assert!(polluting.waits_for("d", &["next"]));
    // Its own step fails, and its partition goes on.
    polluting.send("a", r#"{"ref":"next"}"#);
    assert_eq!(polluting.driver.dead_letters().unwrap().len(), 1);
    assert!(polluting.waits_for("a", &["next"]));
}

#[test]
fn d3_b_a_topic_that_is_not_declared_leaves_the_thread_as_it_was_and_is_named() {
    let text = example("shop").replace(r#", "checkoutError", "getCart""#, "");
    let mut shop = Workflow::of(&text, 64);
    shop.send("t", r#"new:{"abandonedCartTimeoutMS":50}"#);
    shop.read();
    shop.send("t", &signal(r#"{"type":"getCart"}"#));
    assert!(shop.waits_for("t", &["main", "@0:1"]) && shop.read().is_empty());
    let letters = shop.driver.dead_letters().unwrap();
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    assert!(format!("{letter:?}").contains("`getCart`, which it has not declared"), "{letter:?}");
    // What it waits for is still there: its timer, and its customer.
    shop.send("t", &mail("ann@example.com"));
    assert!(shop.waits_for("t", &["main", "@2:1"]));
}

#[test]
fn d3_c_nothing_as_a_value_is_a_tombstone_and_as_a_result_null() {
    let text = r#"
        import * as W from "@effectful/kafka-workflow";
        W.config.outputTopics.add("out");
        export async function main(value: any) { W.output(null as any, "out"); W.output(undefined as any, "out", "k"); W.outputJSON(undefined, "out"); }"#;
    let mut workflow = Workflow::of(text, 64);
    workflow.send("t", "new:1");
    let read = workflow.driver.read("out").unwrap();
    assert_eq!(read.iter().map(|it| it.value.as_deref()).collect::<Vec<_>>(), [None, None, Some(&b"null"[..])]);
    assert_eq!(workflow.driver.read_text("workflow-result").unwrap(), ["t=null"]);
    workflow.send("u", "new:1");
    assert_eq!(workflow.driver.read_text("workflow-result").unwrap(), ["u=null"]);
}

#[test]
fn d3_d_what_is_no_event_is_a_dead_letter_and_the_partition_goes_on() {
    let mut shop = Workflow::of(&example("shop"), 64);
    shop.send("t", "new:{}");
    let partition = TopicPartition::new(&Topic::new(RESUME), 0);
    let keyless = OutRecord::unkeyed(&partition.topic, "{}".into());
    shop.driver.send_records(&[OutRecord::logged(&partition, Key::new("t"), None), keyless]).unwrap();
    for value in ["new:", "new:{", "no JSON", "\u{feff}{}"] {
        shop.send("t", value);
    }
    assert_eq!(shop.driver.dead_letters().unwrap().len(), 6);
    assert!(shop.waits_for("t", &["main", "@0:1"]));
    // For no thread, and for nothing that a thread waits for: counted, and nothing else.
    for (thread, value) in [
        ("nobody", r#"{"ref":"main"}"#),
        ("t", "{}"),
        ("t", "null"),
        ("t", r#"{"ref":null}"#),
        ("t", r#"{"ref":"@9:9"}"#),
    ] {
        shop.send(thread, value);
    }
    assert!(shop.driver.dead_letters().unwrap().is_empty() && shop.waits_for("t", &["main", "@0:1"]));
    let metrics = shop.driver.metrics().unwrap().encode().unwrap();
    let counted =
        |event: &str, number: u32| metrics.contains(&format!("{{application=\"test\",event=\"{event}\"}} {number}\n"));
    assert!(counted("unknown_thread", 1) && counted("unknown_ref", 4), "{metrics}");
}

#[test]
fn an_error_wins_over_a_value_and_no_value_is_undefined() {
    let text = r#"
        import * as W from "@effectful/kafka-workflow";
        export async function main() {
            const told: any[] = [typeof await W.suspend("a")];
            for (const id of ["b", "c"]) try { await W.suspend(id) } catch (error) { told.push(error) }
            return told;
        }"#;
    let mut workflow = Workflow::of(text, 64);
    for value in
        ["new:1", r#"{"ref":"a"}"#, r#"{"ref":"b","error":{"code":[7]},"value":1}"#, r#"{"ref":"c","error":null}"#]
    {
        workflow.send("t", value);
    }
    assert_eq!(workflow.read()["workflow-result"], [r#"t=["undefined",{"code":[7]},null]"#]);
}

#[test]
fn a_repeated_event_an_event_after_the_end_and_a_new_beginning() {
    let mut trip = Workflow::of(&example("trip"), 64);
    for value in [
        "new:{}",
        r#"{"ref":"@0:1"}"#,
        r#"{"ref":"@0:1"}"#,
        r#"{"ref":"@0:2"}"#,
        r#"{"ref":"@0:3"}"#,
        r#"{"ref":"@0:3"}"#,
    ] {
        trip.send("t", value);
    }
    assert_eq!(trip.read()["workflow-result"].len(), 1);
    assert!(trip.waits_for("t", &[]));
    trip.send("t", "new:{}");
    trip.send("t", r#"{"ref":"@6:1"}"#);
    trip.send("t", "new:{}");
    assert!(trip.waits_for("t", &["@8:1", "@8:2", "@8:3", "@8:4"]));
    // The timer of what was is none of what is.
    trip.send("t", r#"{"ref":"@6:4"}"#);
    assert!(trip.waits_for("t", &["@8:1", "@8:2", "@8:3", "@8:4"]));
}

#[test]
fn a_thread_goes_on_after_a_crash() {
    for cache_mib in [64, 0] {
        let mut trip = Workflow::of(&example("trip"), cache_mib);
        trip.send("t", "new:{}");
        trip.driver.crash().unwrap();
        trip.send("t", r#"{"ref":"@0:1"}"#);
        assert!(trip.waits_for("t", &["@0:2", "@0:3", "@0:4"]));
        let shown = trip.driver.show("script", "t").unwrap().unwrap();
        assert_eq!((&shown["script"], &shown["steps"]), (&"test.ts".into(), &2.into()));
    }
}

#[test]
fn d3_g_a_cart_without_an_address_is_judged_by_its_items_only() {
    let mut shop = Workflow::of(&example("shop"), 64);
    for value in [
        "new:{}".to_owned(),
        signal(r#"{"type":"checkout"}"#),
        signal(r#"{"type":"addToCart","item":{"productId":"tea","quantity":1}}"#),
        signal(r#"{"type":"checkout"}"#),
    ] {
        shop.send("t", &value);
    }
    let read = shop.read();
    assert_eq!(read["checkoutError"], ["t=Must have items to check out!"]);
    assert_eq!(read["workflow-result"], [r#"t={"items":[{"quantity":1,"productId":"tea"}],"email":""}"#]);
}
