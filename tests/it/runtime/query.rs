//! Queries of entries by other threads, answered from committed state.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sheaf::broker::memory;
use sheaf::model::{Key, Listing, Moment, Reject, Status};
use sheaf::processor::{AnyProcessor, Input, Processor, Transition, erase};
use sheaf::runtime::{CountsAnswer, Filter, Incomplete, Page, Queries, QueryFailure};
use sheaf::sim::World;

use super::support::{Count, Counter, NoSink, run_until_idle, send, setup};

/// The counter, with a status for each count.
struct Graded;

impl Processor for Graded {
    type State = Count;

    fn step(&self, key: &Key, state: Option<Count>, input: Input, at: Moment) -> Result<Transition<Count>, Reject> {
        Counter.step(key, state, input, at)
    }

    fn listing(&self, Count(count): &Count) -> Listing {
        Listing::of(Status(*count), None)
    }

    fn status_name(&self, status: Status) -> Cow<'static, str> {
        Cow::Borrowed(match status.0 {
            1 => "open/new",
            2 => "open/again",
            _ => "closed",
        })
    }

    fn show(&self, key: &Key, Count(count): &Count) -> Value {
        json!({ "key": key.text(), "count": count })
    }
}

fn world(instances: &[&str]) -> World {
    let mut world = queried(erase(Graded));
    for name in instances {
        world.start(name).unwrap();
        run_until_idle(&mut world);
    }
    world
}

/// A world of this processor whose instances can be asked.
pub(super) fn queried(processor: Arc<dyn AnyProcessor>) -> World {
    let mut setup = setup(processor, Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    "127.0.0.1:8080".clone_into(&mut setup.settings.http);
    World::new(setup)
}

/// Asks on another thread while the world turns, without its clock.
fn ask<R: Send>(world: &mut World, instance: &str, question: impl FnOnce(&Queries) -> R + Send) -> R {
    let queries = world.queries(instance).unwrap();
    std::thread::scope(|scope| {
        let answer = scope.spawn(move || question(&queries));
        while !answer.is_finished() {
            world.turn().unwrap();
        }
        answer.join().unwrap()
    })
}

fn filter(parameters: &[(&str, &str)]) -> Filter {
    let mut filter = Filter::default();
    for (name, value) in parameters {
        filter.set(name, value).unwrap();
    }
    filter
}

fn list(world: &mut World, instance: &str, parameters: &[(&str, &str)]) -> Page {
    let filter = filter(parameters);
    ask(world, instance, move |queries| queries.list("counter", &filter).unwrap())
}

fn keys(page: &Page) -> Vec<&str> {
    page.items.iter().map(|item| item.key.as_str()).collect()
}

pub(super) fn entry(world: &mut World, instance: &str, key: &str) -> Option<Value> {
    let key = Key::new(key);
    let item = ask(world, instance, move |queries| queries.entry("counter", &key).unwrap());
    item.map(|item| item.entry)
}

/// An instance that has counted a to d once, a second apart, then b and d once more.
fn counted() -> World {
    let mut world = world(&["a"]);
    for key in ["c", "d", "a", "b"] {
        send(&world, &[(key, Some("1"))]);
        run_until_idle(&mut world);
        world.clock().advance(Duration::from_secs(1));
    }
    send(&world, &[("b", Some("1")), ("d", Some("1"))]);
    run_until_idle(&mut world);
    world.clock().advance(Duration::from_millis(1_500));
    world
}

#[test]
fn entries_are_listed_by_status_in_the_order_of_their_times() {
    let mut world = counted();
    let all = list(&mut world, "a", &[]);
    assert_eq!((keys(&all), &all.next, all.incomplete.len()), (vec!["c", "d", "a", "b"], &None, 0));
    assert_eq!(all.partitions, (0..4).collect());
    assert_eq!(keys(&list(&mut world, "a", &[("status", "open/again")])), ["d", "b"]);
    assert_eq!(keys(&list(&mut world, "a", &[("status", "open/new")])), ["c", "a"]);
    assert_eq!(keys(&list(&mut world, "a", &[("status", "open")])), ["c", "d", "a", "b"]);
    assert_eq!(keys(&list(&mut world, "a", &[("status", "closed")])), [""; 0]);
    assert_eq!(keys(&list(&mut world, "a", &[("text", "a")])), ["a"]);
    let [second, third] = [&all.items[1], &all.items[2]];
    assert_eq!((second.status.join(" "), &second.entry), ("open/again".to_owned(), &json!({ "key": "d", "count": 2 })));
    assert_eq!(second.due.as_ref(), Some(&second.at));
    for [from, until] in [["from", "until"], ["due_from", "due_until"]] {
        assert_eq!(keys(&list(&mut world, "a", &[(from, &second.at), (until, &third.at)])), ["d", "a"]);
        assert_eq!(keys(&list(&mut world, "a", &[(from, &third.at)])), ["a", "b"]);
        assert_eq!(keys(&list(&mut world, "a", &[(until, &second.at), ("status", "open/new")])), ["c"]);
    }
}

#[test]
fn pages_have_every_entry_once() {
    let mut world = world(&["a"]);
    let names: Vec<String> = (0..40).map(|number| format!("key-{number:02}")).collect();
    for name in &names {
        send(&world, &[(name, Some("1"))]);
        run_until_idle(&mut world);
    }
    let again: Vec<(&str, Option<&str>)> = names.iter().step_by(3).map(|name| (name.as_str(), Some("1"))).collect();
    send(&world, &again);
    run_until_idle(&mut world);
    world.clock().advance(Duration::from_millis(1_500));
    for parameters in [&[][..], &[("text", "key")], &[("due_until", "2100-01-01T00:00:00Z")]] {
        for limit in ["1", "7", "39", "40", "500"] {
            let (mut found, mut cursor): (Vec<String>, Option<String>) = (Vec::new(), None);
            loop {
                let more = cursor.as_deref().map(|cursor| ("cursor", cursor));
                let parameters: Vec<_> = parameters.iter().copied().chain([("limit", limit)]).chain(more).collect();
                let page = list(&mut world, "a", &parameters);
                assert!(page.items.len() <= limit.parse::<usize>().unwrap());
                found.extend(keys(&page).into_iter().map(str::to_owned));
                cursor = page.next.map(|next| next.to_string());
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(found, names, "by pages of {limit} {parameters:?}");
        }
    }
}

#[test]
fn counts_are_those_of_all_entries() {
    let mut world = counted();
    let CountsAnswer { counts, total, partitions, .. } =
        ask(&mut world, "a", |queries| queries.counts("counter").unwrap());
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [("open/again".to_owned(), 2), ("open/new".to_owned(), 2)]);
    assert_eq!((total, partitions.len()), (4, 4));
    let unknown = ask(&mut world, "a", |queries| queries.counts("bundle").unwrap_err().to_string());
    assert_eq!(unknown, "there is no processor `bundle`: counter");
}

/// The list reads the store, which has what was committed more than a second ago; one entry is told as it is committed.
#[test]
fn an_entry_is_told_as_it_is_committed_and_never_before() {
    let mut world = world(&["a"]);
    send(&world, &[("x", Some("1"))]);
    run_until_idle(&mut world);
    assert_eq!(entry(&mut world, "a", "x"), Some(json!({ "key": "x", "count": 1 })), "although it is dirty");
    assert_eq!(entry(&mut world, "a", "y"), None);
    world.clock().advance(Duration::from_millis(1_500));
    assert_eq!(list(&mut world, "a", &[]).items.len(), 1, "it was flushed for the list");
    // The thread waits with its next commit, because the clock stands still.
    send(&world, &[("x", Some("1"))]);
    while world.turn().unwrap() {}
    assert_eq!(entry(&mut world, "a", "x"), Some(json!({ "key": "x", "count": 1 })), "the second one is not committed");
    run_until_idle(&mut world);
    assert_eq!(entry(&mut world, "a", "x"), Some(json!({ "key": "x", "count": 2 })));
}

#[test]
fn several_instances_have_all_entries_and_one_that_restores_says_so() {
    let instances = ["a", "b", "c"];
    let mut world = world(&instances);
    let names: Vec<String> = (0..20).map(|number| format!("key-{number:02}")).collect();
    for name in &names {
        send(&world, &[(name, Some("1"))]);
        run_until_idle(&mut world);
    }
    world.clock().advance(Duration::from_secs(2));
    run_until_idle(&mut world);
    let pages = instances.map(|name| list(&mut world, name, &[("limit", "9")]));
    let owners: Vec<&str> =
        instances.into_iter().zip(&pages).filter(|(_, page)| !page.items.is_empty()).map(|(name, _)| name).collect();
    assert!(owners.len() > 1, "{pages:?}");
    let merged = Page::merge(pages.into(), 9);
    let first: Vec<&str> = names[..9].iter().map(String::as_str).collect();
    assert_eq!((keys(&merged), merged.partitions.len(), merged.incomplete.len()), (first, 4, 0));
    let (gone, heir) = (owners[0], owners[1]);
    let peers = |world: &World| world.queries(heir).unwrap().peers();
    let owned = world.status(gone).unwrap().owned();
    let peer = peers(&world).iter().find(|(name, _)| name.as_str() == gone).map(|(_, peer)| peer.clone()).unwrap();
    assert_eq!((peer.http.as_deref(), &peer.owned), (Some("127.0.0.1:8080"), &owned));
    // Its tasks come to the others, which do not restore them yet.
    for name in instances {
        world.pause_restores(name, true);
    }
    world.stop(gone).unwrap();
    for _ in 0..600 {
        world.turn().unwrap();
        world.clock().advance(Duration::from_millis(100));
    }
    let others: Vec<&str> = instances.into_iter().filter(|name| *name != gone).collect();
    let page = Page::merge(others.iter().map(|name| list(&mut world, name, &[])).collect(), 50);
    let restoring: Vec<i32> = page.incomplete.iter().map(|Incomplete { partition, .. }| *partition).collect();
    assert_eq!((page.partitions.len(), restoring.len()), (4 - owned.len(), owned.len()));
    assert!(page.incomplete.iter().all(|missing| missing.reason.ends_with(" restores it")), "{:?}", page.incomplete);
    assert_eq!(peers(&world).len(), 1, "it has stopped in order");
    for task in world.status(heir).unwrap().owned().intersection(&owned) {
        let of_task = |queries: &Queries| {
            let mut keys = names.iter().map(|name| Key::new(name));
            let key = keys.find(|key| queries.task_of("counter", key).unwrap() == *task);
            key.map(|key| queries.entry("counter", &key).unwrap_err())
        };
        let failure = ask(&mut world, heir, of_task);
        let is_restoring = |failure| matches!(failure, QueryFailure::Elsewhere { is_restoring: true, .. });
        assert!(failure.is_none_or(is_restoring), "{task}");
    }
    for name in &others {
        world.pause_restores(name, false);
    }
    run_until_idle(&mut world);
    let page = Page::merge(others.iter().map(|name| list(&mut world, name, &[])).collect(), 50);
    assert_eq!((page.items.len(), page.incomplete.len()), (20, 0));
}
