//! A hundred thousand records in one log; a quadratic algorithm would take minutes.

use super::{Bench, NO_TIME, producer, record};
use crate::broker::memory::Settings;
use crate::broker::{Broker, Isolation, Start};

#[test]
fn a_hundred_thousand_records_flow() {
    let bench = Bench::new(Settings::default());
    let (zero, one) = (bench.at(0), bench.at(1));
    let mut producer = producer(&bench.broker, "w");
    for batch in 0..100 {
        producer.begin().unwrap();
        for _ in 0..500 {
            producer.produce(&record(&zero, "key", "value")).unwrap();
            producer.produce(&record(&one, "key", "value")).unwrap();
        }
        if batch % 10 == 9 { producer.abort(NO_TIME) } else { producer.commit(NO_TIME) }.unwrap();
    }
    let mut reader = bench.broker.reader(Isolation::ReadCommitted).unwrap();
    reader.assign(&[(zero, Start::Beginning), (one, Start::Beginning)]).unwrap();
    let (mut count, mut out) = (0, Vec::new());
    loop {
        reader.poll(100, &mut out, NO_TIME).unwrap();
        if out.is_empty() {
            break;
        }
        count += out.len();
        out.clear();
    }
    assert_eq!(count, 90_000);
}
