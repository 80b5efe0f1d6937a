//! The tests of the example, a counter with a time-out, on the `TestDriver`.

use std::time::Duration;

use sheaf::testing::TestDriver;

use super::processor::{Tally, topology};

const MINUTE: Duration = Duration::from_mins(1);

fn driver() -> TestDriver {
    TestDriver::new(topology(10 * MINUTE).unwrap()).unwrap()
}

#[test]
fn a_count_is_forwarded_after_ten_minutes_without_an_event() {
    let mut driver = driver();
    driver.send("clicks", "ada", "1").unwrap();
    driver.advance(9 * MINUTE).unwrap();
    driver.send("clicks", "ada", "2").unwrap();
    driver.advance(9 * MINUTE).unwrap();
    assert!(driver.read("click-counts").unwrap().is_empty(), "each event starts the ten minutes anew");
    assert_eq!(driver.state("counter", "ada").unwrap(), Some(Tally { count: 2 }));
    driver.advance(MINUTE).unwrap();
    assert_eq!(driver.read_text("click-counts").unwrap(), ["ada=2"]);
    assert_eq!(driver.state::<Tally>("counter", "ada").unwrap(), None, "a counted key is forgotten");
    let metrics = driver.metrics().unwrap().encode().unwrap();
    assert!(metrics.contains("sheaf_counter_keys_total{application=\"test\"} 1\n"), "{metrics}");
}

#[test]
fn keys_are_counted_separately() {
    let mut driver = driver();
    for key in ["ada", "bob", "ada"] {
        driver.send("clicks", key, "click").unwrap();
        driver.advance(MINUTE).unwrap();
    }
    driver.advance(10 * MINUTE).unwrap();
    assert_eq!(driver.read_text("click-counts").unwrap(), ["bob=1", "ada=2"], "in the order of their silence");
}

#[test]
fn a_count_and_its_timer_outlive_a_crash_and_a_lost_disk() {
    let mut driver = driver();
    driver.send("clicks", "ada", "1").unwrap();
    driver.crash().unwrap();
    driver.send("clicks", "ada", "2").unwrap();
    driver.lose_disk().unwrap();
    driver.advance(10 * MINUTE).unwrap();
    assert_eq!(driver.read_text("click-counts").unwrap(), ["ada=2"]);
}
