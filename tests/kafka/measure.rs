//! Measurements of costs; printed with `--nocapture`, not asserted.
#![expect(clippy::disallowed_methods, reason = "this is a stop-watch")]

use std::time::{Duration, Instant};

use sheaf::broker::{Isolation, Start};
use sheaf::model::{Topic, TopicPartition};

use super::fixture::{Fixture, LIMIT, Member, placed};

#[test]
fn a_commit_costs() {
    let Some(fixture) = Fixture::open("commit-cost") else { return };
    let (input, changelog) = (fixture.topic("in", 1), fixture.topic("changelog", 1));
    let mut member = fixture.member(&[&input]);
    member.owns(1);
    let mut producer = fixture.producer("p", &[&changelog]);
    println!("commit of a transaction with N records and one offset, p50 / p95 / p99 ms:");
    for (records, pause) in [(1, 0), (10, 0), (10, 30), (1000, 0)] {
        let mut times: Vec<[Duration; 4]> = Vec::new();
        for round in 0..120 {
            std::thread::sleep(Duration::from_millis(pause));
            times.push(commit(&mut member, &mut *producer, &changelog, (records, round)));
        }
        let column = |place: usize| {
            let mut column: Vec<Duration> = times.iter().skip(20).map(|row| row[place]).collect();
            column.sort();
            let at = |part: usize| column[(column.len() - 1) * part / 100].as_secs_f64() * 1000.0;
            format!("{:.1}/{:.1}/{:.1}", at(50), at(95), at(99))
        };
        println!(
            "  {records:>4} records, {pause:>2} ms apart: all {}  (drain {}  offsets {}  commit {})",
            column(0),
            column(1),
            column(2),
            column(3)
        );
    }
    member.consumer.close(LIMIT).expect("closed");
}

fn commit(
    member: &mut Member,
    producer: &mut dyn sheaf::broker::Producer,
    changelog: &Topic,
    (records, round): (usize, i64),
) -> [Duration; 4] {
    member.consumer.poll().expect("polled");
    let input = member.owned.first().expect("owned").clone();
    let start = Instant::now();
    producer.begin().expect("begun");
    for number in 0..records {
        producer.produce(&placed(&TopicPartition::new(changelog, 0), &number.to_string())).expect("produced");
    }
    producer.drain(LIMIT).expect("drained");
    let drained = Instant::now();
    let group = member.consumer.group().expect("a member");
    producer.send_offsets(&[(input, round)], &group, LIMIT).expect("sent");
    let sent = Instant::now();
    producer.commit(LIMIT).expect("committed");
    let end = Instant::now();
    [end - start, drained - start, sent - drained, end - sent]
}

#[test]
fn opening_and_closing_cost() {
    let Some(fixture) = Fixture::open("open-cost") else { return };
    let topic = fixture.topic("t", 1);
    let partition = TopicPartition::new(&topic, 0);
    let mut admin = time("an admin is opened and asked for watermarks", || {
        let mut admin = fixture.admin();
        admin.watermarks(&partition, LIMIT).expect("watermarks");
        admin
    });
    time("read again", || admin.watermarks(&partition, LIMIT).expect("watermarks"));
    time("dropped", || drop(admin));
    let mut producer = time("a producer is initialised", || fixture.producer("p", &[]));
    time("a first commit", || super::fixture::write(&mut *producer, &partition, &["v"]));
    super::fixture::begin_with(&mut *producer, &partition, &["w"]);
    time("dropped with a transaction open", || drop(producer));
    let mut reader = time("a reader finds the first record", || {
        let mut reader = fixture.reader(Isolation::ReadCommitted, std::slice::from_ref(&partition), Start::Beginning);
        let mut records = Vec::new();
        while records.is_empty() {
            reader.poll(1, &mut records, LIMIT).expect("polled");
        }
        reader
    });
    time("seek", || reader.assign(&[(partition.clone(), Start::End)]).expect("assigned"));
    time("dropped", || drop(reader));
    let mut member = fixture.member(&[&topic]);
    time("a member joins", || member.owns(1));
    time("closed", || member.consumer.close(LIMIT).expect("closed"));
}

fn time<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    println!("  {:>7.1} ms  {what}", start.elapsed().as_secs_f64() * 1000.0);
    result
}

#[test]
fn idling_costs() {
    let Some(fixture) = Fixture::open("idle-cost") else { return };
    let topics: Vec<Topic> = (0..3).map(|number| fixture.topic(&format!("t{number}"), 4)).collect();
    let mut member = fixture.member(&topics.iter().collect::<Vec<_>>());
    member.owns(12);
    let mut producer = fixture.producer("p", &[]);
    super::fixture::write(&mut *producer, &TopicPartition::new(&topics[0], 0), &["v"]);
    member.until("the record is there", |member| !member.records.is_empty());
    let (mut wakes, start, before) = (0, Instant::now(), cpu());
    while start.elapsed() < Duration::from_secs(2) {
        if member.waker.wait(Duration::from_millis(250)) {
            wakes += 1;
        }
        member.turn().expect("a turn");
    }
    let spent = cpu().saturating_sub(before);
    println!(
        "an idle member of 12 partitions and a producer: {:.1} % of a core over {:.1} s, {wakes} wake-ups \
         (run alone for a clean figure: the process's other tests count too)",
        100.0 * spent.as_secs_f64() / start.elapsed().as_secs_f64(),
        start.elapsed().as_secs_f64()
    );
}

/// The CPU time of this process so far, of all threads.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("a positive time")
}
