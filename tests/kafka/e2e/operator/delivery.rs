//! Drills: nothing is delivered, because a sink is down or its input is poison.

use bytes::Bytes;

use super::super::bundle::{Bundle, bundles, shuffled};
use super::super::process::until;
use super::super::trouble;
use super::MINUTE;
use super::site::Site;
use crate::alerts::http_server::HttpServer;

/// Children whose parent would be in another field.
const WRONG_SOURCES: &str = "\
sources:
  - { topic: @parents, member: parent, bundle: /id, id: /id, expects: /children }
  - { topic: @children, member: child, bundle: /order, id: /id, position: /position }
bundle: { children: 1, sla: 24h }
";

#[test]
#[ignore = "most of a minute of waiting; scripts/nightly runs it"]
fn drill_a_sink_that_is_down() {
    let Some(mut deployment) = trouble::old_key("e2e-operator-sink") else { return };
    let key = deployment.directory.join("key").display().to_string();
    trouble::rotate_key(&deployment);
    deployment.control_m.push("credential_ttl: 2s".to_owned());
    let hook = HttpServer::start(&[]);
    deployment.settings = vec![
        format!("sinks: {{ ops: {{ webhook: {{ url: \"{}\" }} }} }}", hook.url),
        "alerts: { routes: [{ to: ops }] }".to_owned(),
    ];
    let mut site = Site::start(deployment, MINUTE, &[]);
    // Somebody writes the old key into the file again, and it is read.
    std::fs::write(&key, "the-old-key").expect("written");
    for name in ["a", "b"] {
        site.instance(name).wait_for_log("secrets have changed at their source");
    }
    let mut chance = fastrand::Rng::with_seed(4701);
    let all = bundles(8, &mut chance);
    site.deployment.write_events(&shuffled(&all, 0, &mut chance));

    let alert = site.fires("SheafSinkSuspended");
    assert_eq!((alert["target"].as_str(), alert["reason"].as_str()), ("control_m", "unauthorized"), "{alert:?}");
    let suspended = site.prometheus.series("sheaf_sink_suspended == 1").remove(0);
    let host = site.host_of(&suspended);
    let mut operator = site.operator(&alert);
    let asked = operator.run("promtool query instant");
    assert!(asked.contains(&format!("instance=\"{}\"", suspended["instance"])), "{asked}");
    operator.goes_to(host);
    let details = operator.run("sheaf instances -o json");
    assert!(details.contains("sink control_m") && details.contains("401"), "{details}");
    let logged = operator.run("logs | grep 'refuses everybody'");
    assert!(logged.contains("control_m"), "{logged}");
    let checked = operator.run("sheaf doctor");
    assert!(checked.contains("can be reached"), "so it is not the network: {checked}");
    let places = operator.run("sheaf config show -o csv");
    assert!(places.contains(&key), "{places}");
    std::fs::write(operator.site.deployment.directory.join("new"), "the-new-key").expect("written");
    operator.knows("FILE", "new");
    operator.knows("KEY_FILE", &key);
    operator.run("cat FILE > KEY_FILE");
    operator.run("sheaf deliveries list --status waiting");
    operator.run("sheaf alerts test");
    assert!(!hook.seen().is_empty(), "a message has come");
    operator.finish();

    site.clears("SheafSinkSuspended");
    site.deployment.wait_for_deliveries(&all);
    site.deployment.assert_exactly(&all);
    // Its topics stand still with it: ops/prometheus/prometheus.yml has an inhibition.
    site.finish(&["SheafSinkSuspended", "SheafConsumerStalled"]);
}

#[test]
#[ignore = "most of a minute of waiting; scripts/nightly runs it"]
fn drill_a_poison_record() {
    let Some(mut deployment) = trouble::open("e2e-operator-poison") else { return };
    deployment.sources = Some(WRONG_SOURCES.to_owned());
    let mut site = Site::start(deployment, MINUTE, &[]);
    let (parents, children) = (site.deployment.topic("parents"), site.deployment.topic("children"));
    let all = bundles(2, &mut fastrand::Rng::with_seed(4702));
    let whole = all[1].parent.to_string();
    let half = whole.get(..whole.len() - 2).expect("ASCII").to_owned();
    let of_children = all.iter().flat_map(|bundle| &bundle.children);
    let events = of_children.map(|child| (&children, Bytes::from(child.to_string())));
    let garbage = [(&parents, Bytes::from(half)), (&parents, Bytes::from("garbage"))];
    site.deployment.write(events.chain(garbage));
    site.deployment.write_events(&[(true, all[0].parent.clone())]);

    // An alert for each reason; the operator begins with the one that is the topology's fault.
    let rules = ["missing_field", "unparsable"].map(|reason| {
        let mut alert = None;
        until(&format!("SheafDeadLetters fires for {reason}"), || {
            let of_reason =
                |it: &super::prometheus::Alert| it["alertname"] == "SheafDeadLetters" && it["reason"] == reason;
            alert = site.prometheus.firing().into_iter().find(of_reason);
            alert.is_some()
        });
        alert.expect("it fires")
    });
    mend(&mut site, &rules[0], &all);
    site.clears("SheafDeadLettersUnresolved");
    site.clears("SheafDeadLetters");
    site.deployment.wait_for_deliveries(&all);
    site.deployment.assert_submitted(&all);
    // The instances were restarted, one after the other.
    site.finish(&["SheafNothingRunning", "SheafTasksWithoutOwner"]);
}

/// Goes through the runbook: the topology is mended, one letter is edited, one discarded.
fn mend(site: &mut Site, alert: &super::prometheus::Alert, all: &[Bundle]) {
    let parents = site.deployment.topic("parents");
    let count: usize = all.iter().map(|bundle| bundle.children.len()).sum();
    let listed = |site: &Site, reason: &str| {
        let letters = site.deployment.dead_letters().into_iter();
        let is_of = |it: &sheaf::model::Record| it.headers.text("__sheaf.errors.reason") == Some(reason);
        letters.filter(is_of).count()
    };
    until("all are dead letters", || listed(site, "missing_field") == count && listed(site, "unparsable") == 2);
    let mut operator = site.operator(alert);
    let mut letters = operator.run("sheaf dlq list --filter reason=REASON");
    assert_eq!(letters.matches("missing_field").count(), count, "{letters}");
    operator.knows("LETTER", letters.split_whitespace().find(|word| word.contains('@')).expect("a letter"));
    let shown = operator.run("sheaf dlq show");
    assert!(shown.contains("/order") && shown.contains("parent_id"), "what is missing, and the record: {shown}");

    let unresolved = operator.site.fires("SheafDeadLettersUnresolved");
    operator.opens(&unresolved);
    operator.run("sheaf dlq list");
    let reasons = operator.run("sheaf dlq list --limit 1000 -o json");
    assert!(reasons.contains(&format!("{count} missing_field")) && reasons.contains("2 unparsable"), "{reasons}");
    operator.closes();

    operator.site.deployment.sources = None;
    operator.site.deployment.configure("a", "a", 0);
    operator.run("sheaf validate");
    operator.run_on_each("restart");
    let planned = operator.run("sheaf dlq redrive --filter reason=REASON --dry-run");
    assert!(planned.contains(&count.to_string()), "{planned}");
    operator.run("sheaf dlq redrive --filter reason=REASON --yes");

    letters = operator.look("sheaf dlq list --filter reason=unparsable");
    let mut unparsable =
        letters.split_whitespace().filter(|word| word.starts_with(parents.as_str()) && word.contains('@'));
    let (one, other) = (unparsable.next().expect("a letter"), unparsable.next().expect("another letter"));
    let is_garbage = operator.look(&format!("sheaf dlq show {one}")).contains("garbage");
    let (half, garbage) = if is_garbage { (other, one) } else { (one, other) };
    std::fs::write(operator.site.deployment.directory.join("mended.json"), all[1].parent.to_string()).expect("written");
    operator.knows("FILE", "mended.json");
    operator.knows("LETTER", half);
    operator.run("sheaf dlq edit");
    operator.knows("LETTER", garbage);
    operator.run("sheaf dlq discard");
    operator.finish();
}
