//! Checks of group members: rebalances, the waker, pausing, leaving.
#![expect(clippy::disallowed_methods, reason = "a member that does not poll for a while is what one check is about")]

use std::time::Duration;

use sheaf::broker::{Error, FencedBy, GroupEvent};
use sheaf::model::{Topic, TopicPartition};

use super::fixture::{Fixture, LIMIT, Member, share, until, values, write};

#[test]
fn a_cooperative_member_gives_up_only_what_moves() {
    let Some(fixture) = Fixture::open("cooperative").map(Fixture::cooperative) else { return };
    let topic = fixture.topic("t", 4);
    let mut first = fixture.member(&[&topic]);
    first.owns(4);
    first.events.clear();
    let mut second = fixture.member(&[&topic]);
    share(&mut first, &mut second, 2);
    let revoked: Vec<_> = first
        .events
        .iter()
        .filter_map(|event| if let GroupEvent::Revoked(list) = event { Some(list.len()) } else { None })
        .collect();
    assert_eq!(revoked, [2], "{:?}", first.events);
    assert!(first.owned.is_disjoint(&second.owned));
    second.consumer.close(LIMIT).expect("closed");
    first.owns(4);
}

#[test]
fn an_eager_member_gives_up_everything() {
    let Some(fixture) = Fixture::open("eager") else { return };
    let topic = fixture.topic("t", 4);
    let mut first = fixture.member(&[&topic]);
    first.owns(4);
    first.events.clear();
    let mut second = fixture.member(&[&topic]);
    share(&mut first, &mut second, 2);
    assert!(
        first.events.iter().any(|event| matches!(event, GroupEvent::Revoked(list) if list.len() == 4)),
        "{:?}",
        first.events
    );
    let mut producer = fixture.producer("p", &[]);
    for number in 0..4 {
        write(&mut *producer, &TopicPartition::new(&topic, number), &["v"]);
    }
    first.until("its two records are there", |member| member.records.len() == 2);
    second.until("its two records are there", |member| member.records.len() == 2);
}

#[test]
fn nothing_is_read_before_a_rebalance_is_answered() {
    let Some(fixture) = Fixture::open("unanswered") else { return };
    let topic = fixture.topic("t", 1);
    let partition = TopicPartition::new(&topic, 0);
    write(&mut *fixture.producer("p", &[]), &partition, &["v"]);
    let mut member = fixture.member(&[&topic]);
    let mut event = None;
    until("the partition is offered", || {
        event = member.consumer.poll().expect("polled");
        event.is_some()
    });
    assert_eq!(event, Some(GroupEvent::Assigned(vec![partition.clone()])));
    let mut records = Vec::new();
    assert!(member.consumer.fetch(&partition, 10, &mut records).is_err(), "it is not assigned yet");
    assert_eq!(member.consumer.position(&partition), None);
    member.consumer.close(LIMIT).expect("a member may close with an event unanswered");
}

#[test]
fn a_returning_static_member_causes_no_rebalance() {
    let Some(fixture) = Fixture::open("static") else { return };
    let topic = fixture.topic("t", 2);
    let mut first = fixture.member_named(Some("a"), &[&topic]);
    let mut second = fixture.member_named(Some("b"), &[&topic]);
    share(&mut first, &mut second, 1);
    let (owned, generation) = (second.owned.clone(), second.consumer.group().expect("a member").generation);
    first.events.clear();
    second.consumer.close(LIMIT).expect("closed");
    let mut again = fixture.member_named(Some("b"), &[&topic]);
    again.owns(1);
    first.turn().expect("a turn");
    assert_eq!(again.owned, owned);
    assert_eq!(again.consumer.group().expect("a member").generation, generation);
    assert_eq!(first.events, []);
}

/// The broker gives it the assignment of its predecessor: without new topics and partitions, and with those it no longer reads.
#[test]
fn a_returning_static_member_whose_topics_have_changed_causes_a_rebalance() {
    let Some(fixture) = Fixture::open("static-more") else { return };
    let topics = [fixture.topic("t0", 2), fixture.topic("t1", 2), fixture.topic("t2", 2)];
    let [t0, t1, t2] = topics.each_ref();
    let start = |read: &[&Topic]| [fixture.member_named(Some("a"), read), fixture.member_named(Some("b"), read)];
    let stop = |members: [Member; 2]| members.map(|member| member.consumer.close(LIMIT).expect("closed"));
    let mut members = start(&[t0, t1]);
    let [first, second] = &mut members;
    share(first, second, 2);
    for (read, each) in [(&[t0, t1, t2][..], 3), (&[t1, t2], 2)] {
        stop(members);
        members = start(read);
        let [first, second] = &mut members;
        share(first, second, each);
    }
    stop(members);
    fixture.admin().add_partitions(t2, 4, LIMIT).expect("added");
    let [first, second] = &mut start(&[t1, t2]);
    share(first, second, 3);
}

#[test]
fn a_second_process_with_the_same_instance_fences_the_first() {
    let Some(fixture) = Fixture::open("same-instance") else { return };
    let topic = fixture.topic("t", 1);
    let mut first = fixture.member_named(Some("a"), &[&topic]);
    first.owns(1);
    let old = first.consumer.group().expect("a member");
    let mut second = fixture.member_named(Some("a"), &[&topic]);
    let mut error = None;
    until("the first is fenced", || {
        second.turn().expect("the second continues");
        error = first.turn().err();
        error.is_some()
    });
    assert!(matches!(error, Some(Error::Fenced { by: FencedBy::Instance, .. })), "{error:?}");
    second.owns(1);
    let mut producer = fixture.producer("p", &[]);
    producer.begin().expect("begun");
    let error = producer.send_offsets(&[(TopicPartition::new(&topic, 0), 1)], &old, LIMIT).expect_err("fenced");
    assert!(matches!(error, Error::Fenced { by: FencedBy::Instance, .. }), "{error:?}");
    producer.abort(LIMIT).expect("aborted");
}

#[test]
fn a_member_that_does_not_poll_loses_its_partitions() {
    let Some(fixture) = Fixture::open("lost") else { return };
    let fixture = fixture.with(|settings| {
        settings.session_timeout = Duration::from_secs(1);
        settings.max_poll_interval = Duration::from_millis(1500);
    });
    let topic = fixture.topic("t", 1);
    let mut member = fixture.member(&[&topic]);
    member.owns(1);
    std::thread::sleep(Duration::from_secs(4));
    member.until("it is lost and assigned again", |member| {
        member.events.iter().filter(|event| matches!(event, GroupEvent::Assigned(_))).count() == 2
    });
    assert!(
        member.events.iter().any(|event| matches!(event, GroupEvent::Lost(list) if list.len() == 1)),
        "{:?}",
        member.events
    );
}

#[test]
fn a_member_with_an_unanswered_loss_can_close() {
    let Some(fixture) = Fixture::open("lost-closing") else { return };
    let fixture = fixture.with(|settings| {
        settings.session_timeout = Duration::from_secs(1);
        settings.max_poll_interval = Duration::from_millis(1500);
    });
    let topic = fixture.topic("t", 1);
    let mut member = fixture.member(&[&topic]);
    member.owns(1);
    std::thread::sleep(Duration::from_secs(4));
    until(
        "the loss is reported",
        || matches!(member.consumer.poll().expect("polled"), Some(GroupEvent::Lost(list)) if list.len() == 1),
    );
    member.consumer.close(LIMIT).expect("closed");
}

#[test]
fn a_topic_that_is_created_later_is_read() {
    let Some(fixture) = Fixture::open("appears") else { return };
    let fixture = fixture.with(|settings| {
        settings.properties.insert("topic.metadata.refresh.interval.ms".to_owned(), "500".to_owned());
    });
    let later = Topic::new(&fixture.name("later"));
    let mut member = fixture.member(&[&later]);
    for _ in 0..5 {
        member.turn().expect("a topic that does not exist is no error");
        member.waker.wait(Duration::from_millis(200));
    }
    fixture.topic("later", 2);
    member.owns(2);
}

#[test]
fn added_partitions_are_assigned() {
    let Some(fixture) = Fixture::open("grows") else { return };
    let fixture = fixture.with(|settings| {
        settings.properties.insert("topic.metadata.refresh.interval.ms".to_owned(), "500".to_owned());
    });
    let topic = fixture.topic("t", 1);
    let mut member = fixture.member(&[&topic]);
    member.owns(1);
    fixture.admin().add_partitions(&topic, 3, LIMIT).expect("added");
    member.owns(3);
}

#[test]
fn an_arriving_record_triggers_the_waker() {
    let Some(fixture) = Fixture::open("wake") else { return };
    let topic = fixture.topic("t", 1);
    let partition = TopicPartition::new(&topic, 0);
    let mut member = fixture.member(&[&topic]);
    member.owns(1);
    let mut producer = fixture.producer("p", &[]);
    for number in 0..20 {
        while member.waker.wait(Duration::ZERO) {}
        member.turn().expect("a turn");
        let before = member.records.len();
        write(&mut *producer, &partition, &[&number.to_string()]);
        // The marker and the record may arrive separately, so the first wake-up may be for either.
        while member.records.len() == before {
            assert!(member.waker.wait(Duration::from_secs(20)), "record {number} arrived without a wake-up");
            member.turn().expect("a turn");
        }
    }
    assert_eq!(member.records.len(), 20);
}

#[test]
fn a_fetch_returns_at_most_the_requested_records() {
    let Some(fixture) = Fixture::open("max") else { return };
    let topic = fixture.topic("t", 1);
    let partition = TopicPartition::new(&topic, 0);
    let all: Vec<String> = (0..2500).map(|number| number.to_string()).collect();
    let texts: Vec<&str> = all.iter().map(String::as_str).collect();
    write(&mut *fixture.producer("p", &[]), &partition, &texts);
    let mut member = fixture.member(&[&topic]);
    member.until("something is there", |member| !member.records.is_empty());
    until("all of it is there", || {
        let before = member.records.len();
        member.consumer.fetch(&partition, 7, &mut member.records).expect("fetched");
        assert!(member.records.len() - before <= 7);
        member.records.len() == 2500
    });
    assert_eq!(values(&member.records), all);
}
