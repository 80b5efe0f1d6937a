//! Timers while the wall clock of the machine is set.

use std::time::Duration;

use super::support::{counted, run_until_idle, values};

/// Milliseconds of 400 days.
const FAR_AHEAD: i64 = 400 * 86_400_000;

#[test]
fn a_clock_that_is_set_far_ahead_makes_no_timer_due() {
    let mut world = counted();
    world.clock().set_by(FAR_AHEAD);
    run_until_idle(&mut world);
    world.clock().advance(Duration::from_mins(59));
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1"], "the hour is not over");
    world.clock().advance(Duration::from_mins(2));
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=done at 1"], "time goes on, and timers fire in theirs");
}

#[test]
fn a_clock_that_is_set_back_delays_no_timer_by_as_much() {
    let mut world = counted();
    world.clock().set_by(-FAR_AHEAD);
    run_until_idle(&mut world);
    world.clock().advance(Duration::from_mins(121));
    run_until_idle(&mut world);
    assert_eq!(values(&world, "counts"), ["x=1", "x=done at 1"]);
}
