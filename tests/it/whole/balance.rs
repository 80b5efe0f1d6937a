//! The balance sheet: whatever is written to the sources, each record is in exactly one of its columns.

use std::collections::BTreeMap;
use std::time::Duration;

use sheaf::model::Clock as _;
use sheaf::sim::World;

use super::hostile::Hostile;
use super::{START, json, records, run_for, world, write};

/// The inputs of an ordinary run, and of the nightly one.
const SOME: usize = 10_000;
const MANY: usize = 100_000;
/// The records of a transaction.
const BATCH: usize = 500;
/// The commands after it.
const COMMANDS: usize = 20;

/// Parents that state the number of their children; conflicts are also dead letters.
const STATED: &str = "
name: stated
sources:
  - { topic: parents, member: parent, bundle: /id, id: /id, expects: /children, time: { pointer: /at } }
  - { topic: children, member: child, bundle: /parent_id, id: /id, position: /position, time: { pointer: /at }, where: [{ at: /kind, is: [a, b] }] }
bundle: { children: 1, sla: 1h, expire: 3h, keep_closed: 1h, warn_before: 10m, conflicts: reject }
submissions: out
";

/// Children by name without a parent, conditions, a minimum after a time-out, other policies.
const NAMED: &str = "
name: named
sources:
  - { topic: parents, member: a, bundle: /id, id: /id, time: { pointer: /at, implausible: reject }, where: [{ at: /kind, is: a }] }
  - { topic: children, member: a, bundle: /parent_id, id: /id, position: /position, where: [{ at: /kind, is: a }, { at: { header: kind }, is: x }] }
  - { topic: children, member: b, bundle: /parent_id, id: /id, time: { pointer: /at }, deadline: /at, where: [{ at: /kind, is: b }] }
bundle:
  key: text
  members: { a: 1..3, b: 2 }
  at_least: { after: 10m }
  conflicts: latest
  deviations: { duplicate: alert, conflict: count, late: ignore, out_of_range: ignore }
  sla: 1h
  expire: 3h
  keep_closed: 1h
submissions: out
";

/// The columns of the sheet, added up over the instances.
fn sheet(world: &World, instances: &[&str]) -> BTreeMap<String, i64> {
    let mut sheet = BTreeMap::new();
    for instance in instances {
        let text = world.metrics(instance).unwrap().encode().unwrap();
        for line in text.lines().filter(|line| line.starts_with("sheaf_balance_records{")) {
            let (labels, value) = line.rsplit_once(' ').unwrap();
            let column = labels.split_once("column=\"").unwrap().1.split_once('"').unwrap().0;
            *sheet.entry(column.to_owned()).or_default() += value.parse::<i64>().unwrap();
        }
    }
    sheet
}

fn assert_adds_up(sheet: &BTreeMap<String, i64>) {
    let others: i64 = sheet.iter().filter(|(column, _)| *column != "in").map(|(_, records)| records).sum();
    assert_eq!(sheet["in"], others, "{sheet:?}");
}

/// The members in the submissions.
fn submitted(world: &World) -> usize {
    let members = |record| {
        let value = json(&record);
        let children = value["children"].as_array().unwrap().len();
        usize::from(!value["parent"].is_null()) + children
    };
    records(world, "out").into_iter().map(members).sum()
}

fn run(topology: &str, direct_handover: bool, count: usize) {
    let mut world = world(topology, START, direct_handover);
    let mut hostile = Hostile::new(17);
    world.start("a").unwrap();
    for batch in 0..count / BATCH {
        if batch == count / BATCH / 2 {
            world.start("b").unwrap();
        }
        let now = world.clock().now();
        write(&world, (0..BATCH).map(|_| hostile.next(now)));
        let commands: Vec<_> = (0..COMMANDS).map(|_| hostile.command(now)).collect();
        write(&world, commands);
        run_for(&mut world, Duration::from_mins(6), Duration::from_mins(1));
    }
    let instances = ["a", "b"];
    let number = i64::try_from(count).unwrap();
    run_for(&mut world, Duration::from_mins(2), Duration::from_secs(1));
    let during = sheet(&world, &instances);
    assert_adds_up(&during);
    assert_eq!(during["in"], number, "nothing is lost, nothing is counted twice: {during:?}");
    assert!(during.values().all(|records| *records > 0), "each column is reached: {during:?}");

    // Every open bundle expires.
    run_for(&mut world, Duration::from_hours(4), Duration::from_mins(1));
    run_for(&mut world, Duration::from_mins(5), Duration::from_secs(1));
    let after = sheet(&world, &instances);
    assert_adds_up(&after);
    assert_eq!((after["in"], after["waiting"]), (number, 0), "{after:?}");
    // A refused conflict is a deviation, and its dead letter no further one.
    let letters = records(&world, "app-dead-letters");
    let letters = letters.iter().filter(|letter| letter.headers.text("__sheaf.errors.reason") != Some("conflict"));
    assert_eq!(after["dead_letter"], i64::try_from(letters.count()).unwrap());
    assert_eq!(after["forwarded"], i64::try_from(submitted(&world)).unwrap());
    let expired = records(&world, "app-alerts").iter().filter(|alert| json(alert)["kind"] == "expired").count();
    assert!(expired > 0 && after["expired"] > 0, "{after:?}");
    // Each command has an audit, accepted or not.
    let audits = records(&world, "app-audit");
    let verdicts =
        ["accepted", "rejected"].map(|it| audits.iter().filter(|audit| json(audit)["verdict"] == it).count());
    assert_eq!(verdicts.iter().sum::<usize>(), count / BATCH * COMMANDS);
    assert!(verdicts.iter().all(|number| *number > 0), "{verdicts:?}");
}

#[test]
fn hostile_inputs_are_each_in_one_column_of_the_balance_sheet() {
    run(STATED, true, SOME);
}

#[test]
fn hostile_inputs_by_way_of_the_inbox_are_each_in_one_column_of_the_balance_sheet() {
    run(NAMED, false, SOME);
}

#[test]
#[ignore = "takes a minute or two; scripts/nightly runs it"]
fn a_hundred_thousand_hostile_inputs_are_each_in_one_column_of_the_balance_sheet() {
    run(STATED, true, MANY);
    run(NAMED, false, MANY);
}
