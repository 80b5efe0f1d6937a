//! Sessions, the eager protocol, and members that do not answer.

use std::sync::Arc;
use std::time::Duration;

use super::{Bench, CountingWaker, NO_TIME, join, join_to, open, producer, serve, settle, write};
use crate::broker::memory::{Protocol, Settings};
use crate::broker::{Broker, Error, FencedBy, GroupEvent, Waker};
use crate::model::{Topic, TopicPartition};

fn all(bench: &Bench) -> Vec<TopicPartition> {
    vec![bench.at(0), bench.at(1)]
}

#[test]
fn a_silent_member_loses_its_partitions_and_joins_again() {
    let bench = Bench::new(Settings::default());
    let (mut silent, mut other) = (join(&bench.broker, None, Waker::none()), join(&bench.broker, None, Waker::none()));
    settle([silent.as_mut(), other.as_mut()]);
    let zombie = silent.group().unwrap();
    bench.pass(Duration::from_secs(44));
    settle([other.as_mut()]);
    bench.pass(Duration::from_secs(1));
    let events = settle([other.as_mut()]);
    assert_eq!(events[0].len(), 1, "{events:?}");
    assert_eq!(bench.broker.owners("g").len(), 2);
    // Its offsets are refused before its next poll, and the partition is lost, not revoked.
    let mut producer = producer(&bench.broker, "w");
    open(producer.as_mut(), &bench.at(0), "x");
    let error = producer.send_offsets(&[(bench.at(0), 1)], &zombie, NO_TIME).unwrap_err();
    assert!(matches!(error, Error::Fenced { by: FencedBy::Generation, .. }), "{error}");
    let event = serve(silent.as_mut()).unwrap();
    assert!(matches!(event, Some(GroupEvent::Lost(_))), "{event:?}");
    assert!(silent.group().unwrap().generation < 0);
    settle([silent.as_mut(), other.as_mut()]);
    let shares: std::collections::BTreeSet<_> = bench.broker.owners("g").into_values().collect();
    assert_eq!((shares.len(), silent.group().unwrap().generation), (2, other.group().unwrap().generation));
}

#[test]
fn an_eager_group_gives_everything_up_before_it_is_distributed_anew() {
    let bench = Bench::new(Settings { protocol: Protocol::Eager, ..Settings::default() });
    let mut first = join(&bench.broker, None, Waker::none());
    settle([first.as_mut()]);
    let mut second = join(&bench.broker, None, Waker::none());
    let events = settle([first.as_mut(), second.as_mut()]);
    assert_eq!(events[0], [GroupEvent::Revoked(all(&bench)), GroupEvent::Assigned(vec![bench.at(0)])]);
    assert_eq!(events[1], [GroupEvent::Assigned(vec![bench.at(1)])]);
}

#[test]
fn a_dropped_member_leaves_at_once_and_a_crashed_one_after_its_session() {
    let bench = Bench::new(Settings::default());
    let doomed = bench.broker.process("doomed");
    let mut stays = join(&bench.broker, None, Waker::none());
    let (mut dropped, mut crashed) = (join(&bench.broker, None, Waker::none()), join(&doomed, None, Waker::none()));
    settle([stays.as_mut(), dropped.as_mut(), crashed.as_mut()]);
    drop(dropped);
    settle([stays.as_mut(), crashed.as_mut()]);
    assert_eq!(bench.broker.owners("g").len(), 2);
    doomed.crash();
    assert!(matches!(crashed.poll(), Err(Error::Fatal { .. })));
    drop(crashed);
    let events = settle([stays.as_mut()]);
    assert_eq!(events[0], [], "no member has polled yet");
    bench.pass(Settings::default().session_timeout / 2);
    settle([stays.as_mut()]);
    bench.pass(Settings::default().session_timeout / 2);
    let events = settle([stays.as_mut()]);
    assert_eq!(events[0].len(), 1, "{events:?}");
}

#[test]
fn a_static_member_that_closes_keeps_its_place_until_its_session_ends() {
    let bench = Bench::new(Settings::default());
    let (mut one, mut two) =
        (join(&bench.broker, Some("one"), Waker::none()), join(&bench.broker, Some("two"), Waker::none()));
    settle([one.as_mut(), two.as_mut()]);
    one.close(NO_TIME).unwrap();
    let events = settle([two.as_mut()]);
    assert_eq!(events[0], []);
    bench.pass(Settings::default().session_timeout / 2);
    settle([two.as_mut()]);
    bench.pass(Settings::default().session_timeout / 2);
    let events = settle([two.as_mut()]);
    assert_eq!(events[0], [GroupEvent::Assigned(vec![bench.at(0)])]);
}

#[test]
fn a_member_that_does_not_answer_is_expelled_after_the_poll_interval() {
    let bench = Bench::new(Settings::default());
    let mut stubborn = join(&bench.broker, None, Waker::none());
    settle([stubborn.as_mut()]);
    let mut second = join(&bench.broker, None, Waker::none());
    second.poll().unwrap();
    while !matches!(stubborn.poll().unwrap(), Some(GroupEvent::Revoked(_))) {
        serve(second.as_mut()).unwrap();
    }
    // It polls on and so stays in its session, but joins no further rebalance.
    let mut third = join(&bench.broker, None, Waker::none());
    for _ in 0..31 {
        bench.pass(Duration::from_secs(10));
        stubborn.poll().unwrap();
        settle([second.as_mut(), third.as_mut()]);
    }
    assert_eq!(bench.broker.owners("g").into_values().collect::<std::collections::BTreeSet<_>>().len(), 2);
    stubborn.unassign(&[bench.at(1)]).unwrap();
    assert_eq!(stubborn.poll(), Ok(Some(GroupEvent::Lost(vec![bench.at(0)]))));
}

#[test]
fn added_partitions_are_taken_up() {
    let bench = Bench::new(Settings::default());
    let mut member = join(&bench.broker, None, Waker::none());
    settle([member.as_mut()]);
    bench.broker.admin().unwrap().add_partitions(&bench.topic, 3, NO_TIME).unwrap();
    let events = settle([member.as_mut()]);
    assert_eq!(events[0], [GroupEvent::Assigned(vec![bench.at(2)])]);
}

#[test]
fn a_deleted_topic_is_revoked_and_its_offsets_are_gone() {
    let bench = Bench::new(Settings::default());
    let mut member = join(&bench.broker, None, Waker::none());
    settle([member.as_mut()]);
    let mut producer = producer(&bench.broker, "w");
    producer.begin().unwrap();
    producer.send_offsets(&[(bench.at(0), 3)], &member.group().unwrap(), NO_TIME).unwrap();
    producer.commit(NO_TIME).unwrap();
    bench.broker.admin().unwrap().delete(std::slice::from_ref(&bench.topic), NO_TIME).unwrap();
    let events = settle([member.as_mut()]);
    assert_eq!(events[0].first(), Some(&GroupEvent::Revoked(all(&bench))));
    assert_eq!(bench.broker.committed_offset("g", &bench.at(0)), None);
}

#[test]
fn a_member_is_woken_by_its_group_and_by_committed_records() {
    let bench = Bench::new(Settings::default());
    let counter = Arc::new(CountingWaker::default());
    let mut member = join(&bench.broker, None, Waker::new(Arc::<CountingWaker>::clone(&counter)));
    settle([member.as_mut()]);
    counter.take();
    let mut producer = producer(&bench.broker, "w");
    open(producer.as_mut(), &bench.at(0), "a");
    assert_eq!(counter.take(), 0, "nothing can be read yet");
    producer.commit(NO_TIME).unwrap();
    assert_eq!(counter.take(), 1);
    let second = join(&bench.broker, None, Waker::none());
    assert!(counter.take() > 0, "a rebalance waits for it");
    drop((second, member));
    counter.take();
    write(producer.as_mut(), &bench.at(0), "b");
    assert_eq!(counter.take(), 0, "it is gone");
}

#[test]
fn partitions_that_a_static_member_gave_up_when_it_died_have_no_owner_until_the_next_rebalance() {
    let bench = Bench::new(Settings::default());
    let mut one = join(&bench.broker, Some("one"), Waker::none());
    settle([one.as_mut()]);
    let mut two = join(&bench.broker, Some("two"), Waker::none());
    two.poll().unwrap();
    while !matches!(one.poll().unwrap(), Some(GroupEvent::Revoked(_))) {
        serve(two.as_mut()).unwrap();
    }
    drop(one);
    // It reads one topic only, so it does not join twice.
    let mut again = join(&bench.broker, Some("one"), Waker::none());
    settle([again.as_mut(), two.as_mut()]);
    assert_eq!(bench.broker.owners("g").len(), 1);
    let mut third = join(&bench.broker, None, Waker::none());
    settle([again.as_mut(), two.as_mut(), third.as_mut()]);
    assert_eq!(bench.broker.owners("g").len(), 2);
}

#[test]
fn a_static_member_that_returns_to_read_more_causes_a_rebalance_in_an_eager_group_and_else_none() {
    let bench = Bench::new(Settings { protocol: Protocol::Eager, ..Settings::default() });
    let more = Topic::new("u");
    bench.create("u", 2);
    let join = |instance, topics: &[Topic]| join_to(&bench.broker, Some(instance), Waker::none(), topics);
    let few = [Topic::new("t")];
    let (mut one, mut two) = (join("one", &few), join("two", &few));
    settle([one.as_mut(), two.as_mut()]);
    let generation = two.group().unwrap().generation;
    drop(one);
    let mut one = join("one", &few);
    settle([one.as_mut(), two.as_mut()]);
    assert_eq!((two.group().unwrap().generation, bench.broker.owners("g").len()), (generation, 2));
    drop(one);
    let mut one = join("one", &[few[0].clone(), more]);
    settle([one.as_mut(), two.as_mut()]);
    assert_eq!(bench.broker.owners("g").len(), 4, "somebody reads the new topic");
}
