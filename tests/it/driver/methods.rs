//! The methods of a `TestDriver`, and the errors of a topology.

use std::time::Duration;

use sheaf::model::{Headers, Key, Severity, TimerKind, Timestamp, Verdict};
use sheaf::processor::by_key;
use sheaf::runtime::FaultPoint;
use sheaf::testing::TestDriver;
use sheaf::topology::BuildError;

use super::versatile::{Seen, Versatile, record, wiring};

fn driver() -> TestDriver {
    TestDriver::new(wiring().build().unwrap()).unwrap()
}

fn seen(driver: &mut TestDriver, key: &str) -> Vec<String> {
    driver.state::<Seen>("all", key).unwrap().unwrap_or_default().0
}

#[test]
fn each_timer_fires_at_its_own_time_and_only_advance_moves_the_clock() {
    let mut driver = driver();
    let start = driver.now();
    driver.send("in", "x", "timers").unwrap();
    assert_eq!(driver.now(), start, "sending takes no time");
    let kinds: Vec<_> = driver.entry::<Seen>("all", "x").unwrap().unwrap().timers;
    assert_eq!(kinds.iter().map(|timer| timer.kind).collect::<Vec<_>>(), [1, 2, 3].map(TimerKind::Delay));
    driver.advance(Duration::from_mins(10)).unwrap();
    let at = |minutes| start.saturating_add(Duration::from_mins(minutes));
    let expected = [format!("x=Delay(1) at {}", at(1)), format!("x=Delay(2) at {}", at(3))];
    assert_eq!(driver.read_text("out").unwrap(), expected);
    assert_eq!(driver.now(), at(10));
    driver.advance(Duration::from_hours(24 * 30)).unwrap();
    assert_eq!(driver.read_text("out").unwrap(), [format!("x=Delay(3) at {}", at(60))]);
}

#[test]
fn an_act_waits_for_its_answer_and_is_inherited_after_a_crash() {
    let mut driver = driver();
    driver.send("in", "x", "act").unwrap();
    let [pending] = driver.acts().try_into().unwrap();
    assert_eq!((pending.key, pending.act.request.as_str()), (Key::new("x"), "please"));
    driver.answer("x", Verdict::Answered("done".to_owned())).unwrap();
    assert_eq!(seen(&mut driver, "x"), ["act", "Answered(\"done\")"]);
    assert!(driver.answer("x", Verdict::Inherited).unwrap_err().to_string().contains("key `x`"));
    driver.send("in", "x", "act").unwrap();
    driver.crash().unwrap();
    assert_eq!(seen(&mut driver, "x").last().unwrap(), "Inherited");
    assert!(driver.acts().is_empty(), "acts of an earlier process are not pending");
}

#[test]
fn alerts_and_dead_letters_are_read_once() {
    let mut driver = driver();
    for word in ["alert", "reject"] {
        driver.send("in", "x", word).unwrap();
    }
    let [raised] = driver.alerts().unwrap().try_into().unwrap();
    assert_eq!((raised.key, raised.alert.severity), (Key::new("x"), Severity::Info));
    assert_eq!((raised.alert.kind.as_str(), raised.alert.at), ("odd", driver.now()));
    let [letter] = driver.dead_letters().unwrap().try_into().unwrap();
    assert_eq!((letter.reason.as_str(), letter.detail.as_str()), ("unparsable", "as requested"));
    assert_eq!(letter.record.value.as_deref(), Some(b"reject".as_slice()));
    assert_eq!((driver.alerts().unwrap().len(), driver.dead_letters().unwrap().len()), (0, 0));
    assert_eq!(seen(&mut driver, "x"), ["alert"], "a rejected input changes nothing");
}

#[test]
fn a_record_may_have_its_own_time_and_headers() {
    let mut driver = driver();
    let at = Timestamp::from_millis(1_700_000_000_000);
    let headers = Headers::new().with("h", "its header");
    driver.send_records(&[record("x", "when").at(at), record("x", "header").with_headers(headers)]).unwrap();
    assert_eq!(driver.read_text("out").unwrap(), [format!("x={at}"), "x=its header".to_owned()]);
}

#[test]
fn committed_state_survives_a_crash_at_every_fault_point() {
    let mut not_reached = Vec::new();
    for point in FaultPoint::ALL {
        let mut driver = driver();
        driver.send("in", "x", "1").unwrap();
        driver.crash_at(point);
        driver.send("in", "x", "act").unwrap();
        driver.send("in", "x", "3").unwrap();
        if driver.is_crash_pending() {
            driver.restart().unwrap();
        }
        if driver.is_crash_pending() {
            not_reached.push(point);
        }
        let mut all = seen(&mut driver, "x");
        all.retain(|word| word != "Inherited");
        assert_eq!(all, ["1", "act", "3"], "{point}");
    }
    // A single instance has no revocations and no lost calls, and restores so few records in one batch.
    assert_eq!(not_reached, [FaultPoint::RestoreBatch, FaultPoint::Revoked, FaultPoint::Recovering]);
}

#[test]
fn an_unknown_name_is_refused_with_the_known_ones() {
    let mut driver = driver();
    let error = driver.read("uot").unwrap_err().to_string();
    assert!(error.contains("no topic `uot`") && error.contains("in, out"), "{error}");
    let error = driver.send("inn", "x", "1").unwrap_err().to_string();
    assert!(error.contains("no topic `inn`"), "{error}");
    let error = driver.state::<Seen>("any", "x").unwrap_err().to_string();
    assert!(error.contains("no processor `any`; there are all"), "{error}");
}

#[test]
fn an_invalid_topology_is_refused() {
    let refused = |wiring: sheaf::topology::Wiring| wiring.build().unwrap_err();
    assert!(matches!(refused(wiring().reads("in", by_key)), BuildError::DuplicateSource(_)));
    assert!(matches!(refused(wiring().writes("out", "elsewhere")), BuildError::DuplicateOutput { .. }));
    assert!(matches!(refused(wiring().processor("other", Versatile)), BuildError::NoSource(_)));
    assert!(matches!(
        refused(wiring().processor("all", Versatile).reads("b", by_key)),
        BuildError::DuplicateProcessor(_)
    ));
    assert!(matches!(refused(wiring().processor("a b", Versatile).reads("b", by_key)), BuildError::InvalidName(_)));
}

#[test]
fn one_processor_reads_the_output_of_another() {
    let topology = wiring().processor("next", Versatile).reads("out", by_key).writes("out", "end").build().unwrap();
    let mut driver = TestDriver::new(topology).unwrap();
    driver.send("in", "x", "when").unwrap();
    assert_eq!(driver.state::<Seen>("next", "x").unwrap().unwrap().0, [driver.now().to_string()]);
}
