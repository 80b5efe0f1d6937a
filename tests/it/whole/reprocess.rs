//! Replays: what was processed before is processed again with a new state, or with an offset that was set back.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use sheaf::broker::Broker as _;
use sheaf::model::{Clock as _, Headers, Key, OutRecord, Record, Timestamp, Topic, TopicPartition};
use sheaf::runtime::replay::{Operator, PLAN_VALID, Partition, Plan, ReplayError, Result, Start, State};
use sheaf::sim::World;
use uuid::Uuid;

use super::{START, TIMEOUT, json, records, run_for, world, write};

const TOPOLOGY: &str = "
name: pairs
sources:
  - { topic: parents, member: parent, bundle: /id, id: /id, time: { pointer: /at } }
  - { topic: children, member: child, bundle: /parent, id: /id, time: { pointer: /at } }
bundle: { key: text, children: 1, sla: 1h, expire: 30d, keep_closed: 1d }
submissions: out
";

/// The bundles: of each fifth the child is missing.
const BUNDLES: usize = 20;
const COMPLETE: usize = 16;

fn event(topic: &str, key: &str, value: &Value) -> OutRecord {
    let value = Some(Bytes::from(value.to_string()));
    OutRecord {
        topic: Topic::new(topic),
        partition: None,
        key: Some(Key::new(key)),
        value,
        headers: Headers::new(),
        timestamp: None,
    }
}

fn parent(number: usize, at: Timestamp) -> OutRecord {
    let id = format!("p-{number}");
    event("parents", &id, &serde_json::json!({ "id": id, "at": at.to_string() }))
}

fn child(number: usize, at: Timestamp) -> OutRecord {
    let (id, parent) = (format!("c-{number}"), format!("p-{number}"));
    event("children", &parent, &serde_json::json!({ "id": id, "parent": parent, "at": at.to_string() }))
}

/// What has become of the bundles: with true what is marked as of a replay.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    submissions: [usize; 2],
    breaches: [usize; 2],
}

fn seen(world: &World) -> Seen {
    let is_marked = |record: &Record| record.headers.replay().is_some();
    let both = |records: Vec<Record>| {
        let marked = records.iter().filter(|record| is_marked(record)).count();
        [records.len() - marked, marked]
    };
    let breaches = records(world, "app-alerts").into_iter().filter(|alert| json(alert)["kind"] == "sla_breach");
    Seen { submissions: both(records(world, "out")), breaches: both(breaches.collect()) }
}

/// A world whose bundles were processed, and whose instance has stopped.
fn stopped() -> World {
    let mut world = world(TOPOLOGY, START, true);
    world.start("a").unwrap();
    let now = world.clock().now();
    write(&world, (0..BUNDLES).map(|number| parent(number, now)));
    write(&world, (0..BUNDLES).filter(|number| !number.is_multiple_of(5)).map(|number| child(number, now)));
    settle(&mut world);
    run_for(&mut world, Duration::from_hours(2), Duration::from_secs(10));
    settle(&mut world);
    assert_eq!(seen(&world), Seen { submissions: [COMPLETE, 0], breaches: [4, 0] });
    stop(&mut world);
    world
}

fn settle(world: &mut World) {
    run_for(world, Duration::from_mins(3), Duration::from_secs(1));
}

/// Stops the instance; its place in the group is kept for the session.
fn stop(world: &mut World) {
    world.stop("a").unwrap();
    world.clock().advance(Duration::from_mins(2));
}

fn operator() -> Operator {
    Operator { by: "ada".to_owned(), why: "a test".to_owned() }
}

fn plan(world: &World, start: &Start) -> Result<Plan> {
    world.replays()?.plan(Uuid::from_u128(7), "bundle", start)
}

fn apply(world: &World, plan: &Plan) -> Result<()> {
    world.replays()?.apply(plan, &operator(), &mut |_| Ok(()))
}

fn abort(world: &World) -> Result<()> {
    world.replays()?.abort("bundle", &operator(), &mut |_| Ok(()))
}

fn state(world: &World) -> (State, u32) {
    let status = world.replays().unwrap().status().unwrap().remove(0);
    assert_eq!(status.processor, "bundle");
    (status.state, status.generation)
}

#[test]
fn everything_is_processed_again_with_a_mark_and_what_is_new_without() {
    let mut world = stopped();
    let plan = plan(&world, &Start::Earliest).unwrap();
    assert!(plan.records() >= 36, "{plan:?}");
    assert!(plan.warnings.iter().all(|warning| !warning.contains("retention")), "{plan:?}");
    apply(&world, &plan).unwrap();
    assert_eq!(state(&world), (State::Catching, 1));
    world.start("a").unwrap();
    settle(&mut world);
    assert_eq!(state(&world), (State::Done, 1));
    assert_eq!(seen(&world), Seen { submissions: [COMPLETE, COMPLETE], breaches: [4, 4] });

    let now = world.clock().now();
    write(&world, [child(0, now), parent(100, now), child(100, now), parent(101, now)]);
    settle(&mut world);
    run_for(&mut world, Duration::from_hours(2), Duration::from_secs(10));
    settle(&mut world);
    let after = Seen { submissions: [COMPLETE + 2, COMPLETE], breaches: [5, 4] };
    assert_eq!(seen(&world), after, "p-0 is complete now, and what came after the replay is told");

    // A restart knows it.
    world.crash("a");
    world.clock().advance(Duration::from_mins(2));
    world.start("a").unwrap();
    settle(&mut world);
    assert_eq!(seen(&world), after);
    let audits: Vec<Value> = records(&world, "app-audit").iter().map(json).collect();
    assert_eq!((&audits[0]["name"], &audits[0]["by"]), (&"replay apply".into(), &"ada".into()));
    assert_eq!(audits[0]["after"][0], "generation 1");
}

#[test]
fn after_an_abort_everything_is_as_before() {
    let mut world = stopped();
    apply(&world, &plan(&world, &Start::Earliest).unwrap()).unwrap();
    world.start("a").unwrap();
    settle(&mut world);
    stop(&mut world);
    abort(&world).unwrap();
    assert_eq!(state(&world), (State::None, 0));
    let before = seen(&world);
    world.start("a").unwrap();
    settle(&mut world);
    assert_eq!(seen(&world), before, "nothing is processed again");
    write(&world, [child(0, world.clock().now())]);
    settle(&mut world);
    let Seen { submissions: [plain, marked], .. } = before;
    assert_eq!(seen(&world).submissions, [plain + 1, marked], "the state of the former generation goes on");

    // The next replay does not find the state of the one that was aborted.
    stop(&mut world);
    let again = world.replays().unwrap().plan(Uuid::from_u128(8), "bundle", &Start::Earliest).unwrap();
    assert_eq!((again.from, again.to), (0, 2));
    apply(&world, &again).unwrap();
    world.start("a").unwrap();
    settle(&mut world);
    assert_eq!(seen(&world).submissions, [plain + 1, marked + COMPLETE + 1]);
    let pruned = world.replays().unwrap().prune("bundle", &operator(), &mut |_| Ok(())).unwrap();
    let names: Vec<&str> = pruned.iter().map(Topic::as_str).collect();
    let both = ["app-bundle-inbox", "app-bundle-changelog", "app-bundle.g1-inbox", "app-bundle.g1-changelog"];
    assert_eq!(names, both);
    stop(&mut world);
    assert!(matches!(abort(&world), Err(ReplayError::NoReplay { what: "abort", .. })));
    world.start("a").unwrap();
    settle(&mut world);
    assert_eq!(state(&world), (State::None, 2));
}

#[test]
fn an_apply_that_was_interrupted_is_finished_or_undone_and_nothing_starts_meanwhile() {
    for (at, finishes) in (0..4).flat_map(|at| [(at, true), (at, false)]) {
        let mut world = stopped();
        let plan = plan(&world, &Start::Earliest).unwrap();
        let mut steps = 0;
        let interrupted = world.replays().unwrap().apply(&plan, &operator(), &mut |step| {
            steps += 1;
            if steps > at { Err(ReplayError::Interrupted(step.to_owned())) } else { Ok(()) }
        });
        assert!(matches!(interrupted, Err(ReplayError::Interrupted(_))), "{interrupted:?}");
        let started = world.start("a");
        if at > 0 {
            let error = started.unwrap_err().to_string();
            assert!(error.contains("a replay of bundle of app is under way"), "{error}");
            assert_eq!(state(&world), (State::Applying, 0));
        } else {
            started.unwrap();
            stop(&mut world);
        }
        match (finishes, at) {
            (true, _) => apply(&world, &plan).unwrap(),
            (false, 0) => assert!(matches!(abort(&world), Err(ReplayError::NoReplay { .. }))),
            (false, _) => abort(&world).unwrap(),
        }
        world.start("a").unwrap();
        settle(&mut world);
        let marked = if finishes { [COMPLETE, COMPLETE] } else { [COMPLETE, 0] };
        assert_eq!(seen(&world).submissions, marked, "interrupted at {at}, finished: {finishes}");
    }
}

#[test]
fn an_abort_that_was_interrupted_is_repeated() {
    for at in 0..3 {
        let mut world = stopped();
        apply(&world, &plan(&world, &Start::Earliest).unwrap()).unwrap();
        let mut steps = 0;
        let interrupted = world.replays().unwrap().abort("bundle", &operator(), &mut |step| {
            steps += 1;
            if steps > at { Err(ReplayError::Interrupted(step.to_owned())) } else { Ok(()) }
        });
        assert!(matches!(interrupted, Err(ReplayError::Interrupted(_))), "{interrupted:?}");
        abort(&world).unwrap();
        world.start("a").unwrap();
        settle(&mut world);
        assert_eq!(seen(&world).submissions, [COMPLETE, 0], "interrupted at {at}");
    }
}

#[test]
fn what_was_processed_before_is_known_while_another_replay_catches_up() {
    let mut world = stopped();
    let all = plan(&world, &Start::Earliest).unwrap();
    // The last record of each partition, and the marker of its transaction.
    let last = |it: &Partition| (it.partition.parse().unwrap(), (it.saved - 2).max(it.target));
    let late = plan(&world, &Start::Offsets(all.partitions.iter().map(last).collect())).unwrap();
    assert!(late.records() < all.records());
    apply(&world, &late).unwrap();
    // No instance has begun with it: the group is behind what was processed.
    let again = world.replays().unwrap().plan(Uuid::from_u128(8), "bundle", &Start::Earliest).unwrap();
    assert!(again.records() < all.records());
    apply(&world, &again).unwrap();
    assert_eq!(state(&world), (State::Catching, 2));
    world.start("a").unwrap();
    settle(&mut world);
    assert_eq!(seen(&world), Seen { submissions: [COMPLETE, COMPLETE], breaches: [4, 4] });

    // So it is while a replay that has not caught up is undone.
    stop(&mut world);
    let third = world.replays().unwrap().plan(Uuid::from_u128(9), "bundle", &Start::Earliest).unwrap();
    apply(&world, &third).unwrap();
    abort(&world).unwrap();
    world.start("a").unwrap();
    settle(&mut world);
    assert_eq!(seen(&world), Seen { submissions: [COMPLETE, COMPLETE], breaches: [4, 4] });
}

#[test]
fn each_refusal_names_its_reason_and_changes_nothing() {
    let mut world = stopped();
    let refused = |result: Result<Plan>| result.unwrap_err().to_string();
    let partition = |topic: &str, number| TopicPartition::new(&Topic::new(topic), number);
    let all = |offset: i64| -> BTreeMap<TopicPartition, i64> {
        ["parents", "children"].iter().flat_map(|topic| (0..4).map(|it| (partition(topic, it), offset))).collect()
    };
    let mut replays = world.replays().unwrap();
    let unknown = replays.plan(Uuid::nil(), "bundel", &Start::Earliest).unwrap_err().to_string();
    assert!(unknown.contains("no processor `bundel`; it has bundle"), "{unknown}");
    let some = all(0).into_iter().skip(1).collect();
    let error = refused(plan(&world, &Start::Offsets(some)));
    assert!(error.contains("have none of children-0"), "{error}");
    let error = refused(plan(&world, &Start::Offsets(all(1_000))));
    assert!(error.contains("offset 1000 of") && error.contains("not in its log"), "{error}");
    let error = refused(plan(&world, &Start::Since(world.clock().now())));
    assert!(error.contains("nothing to process again"), "{error}");

    let old = plan(&world, &Start::Earliest).unwrap();
    world.clock().advance(PLAN_VALID + Duration::from_secs(1));
    assert!(matches!(apply(&world, &old), Err(ReplayError::Expired { .. })));
    let other = Plan { application: "other".to_owned(), made_at: world.clock().now(), ..old };
    assert!(matches!(apply(&world, &other), Err(ReplayError::Stale { .. })));
    let fresh = plan(&world, &Start::Earliest).unwrap();
    let mut moved = fresh.clone();
    moved.partitions[0].saved -= 1;
    let error = apply(&world, &moved).unwrap_err().to_string();
    assert!(error.contains("was processed further since"), "{error}");

    world.start("a").unwrap();
    settle(&mut world);
    let error = apply(&world, &plan(&world, &Start::Earliest).unwrap()).unwrap_err().to_string();
    assert!(error.contains("the group app is not empty: app-000-a"), "{error}");
    assert!(matches!(abort(&world), Err(ReplayError::NoReplay { .. })));
    assert_eq!(state(&world), (State::None, 0));
    assert_eq!(seen(&world).submissions, [COMPLETE, 0]);
    stop(&mut world);
    apply(&world, &plan(&world, &Start::Earliest).unwrap()).unwrap();
    let applied = state(&world);
    apply(&world, &fresh).expect("a repeated call has nothing to do");
    assert_eq!(state(&world), applied);
}

#[test]
fn an_offset_that_was_set_back_by_hand_is_noticed_and_marked() {
    let mut world = stopped();
    // Past `keep_closed`, so that the closed bundles are forgotten.
    world.start("a").unwrap();
    run_for(&mut world, Duration::from_hours(25), Duration::from_mins(1));
    settle(&mut world);
    stop(&mut world);
    let sources: Vec<_> = ["parents", "children"]
        .iter()
        .flat_map(|topic| (0..4).map(|number| (TopicPartition::new(&Topic::new(topic), number), 0)))
        .collect();
    world.broker().admin().unwrap().set_offsets("app", &sources, TIMEOUT).unwrap();
    world.start("a").unwrap();
    settle(&mut world);
    assert_eq!(seen(&world).submissions, [COMPLETE, COMPLETE], "they are gathered again, with a mark");
    let noted = records(&world, "app-instances")
        .iter()
        .filter(|it| it.key.as_deref().unwrap().starts_with(b"replayed/"))
        .count();
    assert!(noted >= 4, "{noted}");
    write(&world, [parent(100, world.clock().now()), child(100, world.clock().now())]);
    settle(&mut world);
    assert_eq!(seen(&world).submissions, [COMPLETE + 1, COMPLETE]);
}
