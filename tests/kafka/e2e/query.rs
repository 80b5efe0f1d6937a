//! Queries of two instances: each answers for both, and names what is missing while partitions move.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::bundle::{Event, bundles};
use super::deployment::{Deployment, PARTITIONS};
use super::process::{Process, until};

const LIST: &str = "/api/v1/bundle/entries?status=open&limit=500";

/// The keys of each partition.
type Keys = BTreeMap<i64, BTreeSet<String>>;

/// The answer to a list; `None` while the instance does not answer in time.
fn asked(instance: &Process) -> Option<Value> {
    let (code, body) = instance.http_get(LIST)?;
    assert_eq!(code, 200, "{body}");
    Some(serde_json::from_str(&body).expect("JSON"))
}

fn items(page: &Value) -> &[Value] {
    page["items"].as_array().expect("items")
}

fn keys(page: &Value) -> Keys {
    let mut keys = Keys::new();
    for item in items(page) {
        let key = item["key"].as_str().expect("a key").to_owned();
        assert!(keys.entry(item["partition"].as_i64().expect("a partition")).or_default().insert(key), "twice: {page}");
    }
    keys
}

/// True if no partition is missing. What has answered has all of its entries, and what has not is named.
fn is_whole(page: &Value, expected: &Keys) -> bool {
    let missing = page["incomplete"].as_array().cloned().unwrap_or_default();
    let missing: BTreeSet<i64> = missing.iter().filter_map(|it| it["partition"].as_i64()).collect();
    let answered: BTreeSet<i64> =
        page["partitions"].as_array().expect("partitions").iter().filter_map(Value::as_i64).collect();
    let told = format!("answered {answered:?}, missing {}", page["incomplete"]);
    assert!(missing.is_disjoint(&answered), "{told}");
    assert_eq!(
        missing.union(&answered).copied().collect::<Vec<_>>(),
        (0..i64::from(PARTITIONS)).collect::<Vec<_>>(),
        "{told}"
    );
    let of_answered = expected.iter().filter(|(partition, _)| answered.contains(partition));
    assert_eq!(keys(page), of_answered.map(|(partition, keys)| (*partition, keys.clone())).collect(), "{told}");
    missing.is_empty()
}

#[test]
fn an_answer_while_partitions_move_is_whole_or_names_what_is_missing() {
    let Some(deployment) = Deployment::open("e2e-query") else { return };
    let [first, mut second] = ["a", "b"].map(|name| deployment.run(name));
    let all = bundles(200, &mut fastrand::Rng::with_seed(19));
    let parents: Vec<Event> = all.iter().map(|bundle| (true, bundle.parent.clone())).collect();
    deployment.write_events(&parents);
    let count = |instance: &Process| asked(instance).map_or(0, |page| items(&page).len());
    until("both list all", || [&first, &second].map(count) == [all.len(); 2]);
    let [of_first, of_second] = [&first, &second].map(|instance| asked(instance).expect("an answer"));
    assert_eq!(items(&of_first), items(&of_second), "whoever is asked");
    let expected = keys(&of_first);
    let expected_ids: BTreeSet<&String> = expected.values().flatten().collect();
    assert_eq!(expected_ids, all.iter().map(|bundle| &bundle.id).collect(), "exactly those");

    // A third one joins: its partitions are missing until it has restored them.
    let mut third = deployment.start("c");
    let mut answers = 0;
    until("the third one answers too", || {
        answers += [&first, &second].into_iter().filter_map(asked).filter(|page| is_whole(page, &expected)).count();
        third.is_ready() && asked(&third).is_some_and(|page| is_whole(&page, &expected))
    });
    assert!(answers > 0, "the others answered meanwhile");

    // One is killed: its partitions are missing until the group notices.
    second.kill();
    let mut missing = 0;
    until("the rest answers for all", || {
        let pages: Vec<Value> = [&first, &third].into_iter().filter_map(asked).collect();
        let whole = pages.iter().filter(|page| is_whole(page, &expected)).count();
        missing += pages.len() - whole;
        whole == 2
    });
    assert!(missing > 0, "what the killed one had was said to be missing");
}
