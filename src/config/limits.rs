//! The limits of the calls to a target: how many at once, at which rate, and when it is suspended.

use std::time::Duration;

use crate::codec::yaml::{Fields, Item};

/// The largest `in_flight_max`.
pub(super) const IN_FLIGHT_MAX: i64 = 1_000;
/// The most calls of a rate, and the largest burst.
const CALLS_MAX: i64 = 1_000_000;

/// The limits of the calls to a target, per instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most calls at once.
    pub in_flight_max: usize,
    /// The rate; `None`: none.
    pub rate: Option<Rate>,
    /// The number of calls that may be made at once after a pause, if there is a rate; `None`: those of a second.
    pub burst: Option<u32>,
    /// When the target is suspended.
    pub breaker: Breaker,
}

/// A rate of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The number of calls.
    pub calls: u32,
    /// The time in which they may be made.
    pub per: Duration,
}

impl Rate {
    /// The calls of a second, at least 1.
    pub fn of_a_second(&self) -> u32 {
        let calls = u128::from(self.calls).saturating_mul(1_000) / self.per.as_millis().max(1);
        u32::try_from(calls).unwrap_or(u32::MAX).max(1)
    }
}

/// When a target is suspended, and probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// The number of failures in a row that suspend the target.
    pub failures: u32,
    /// The first pause before a probe.
    pub pause: Duration,
    /// The longest pause before a probe.
    pub pause_max: Duration,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { failures: 10, pause: Duration::from_secs(1), pause_max: Duration::from_mins(1) }
    }
}

/// Reads `in_flight_max`, `rate`, `burst` and `breaker` of a sink.
pub(super) fn read(fields: &mut Fields<'_>, in_flight_default: usize) -> Option<Limits> {
    let in_flight_max = match fields.item("in_flight_max") {
        Some(item) => item.integer(1..=IN_FLIGHT_MAX),
        None => Some(in_flight_default),
    };
    let [rate_item, burst_item] = ["rate", "burst"].map(|key| fields.item(key));
    let (rate, burst) = (rate(rate_item.as_ref()), burst(burst_item.as_ref(), rate_item.is_some()));
    let breaker = fields.item("breaker").map_or_else(|| Some(Breaker::default()), |item| breaker(&item));
    Some(Limits { in_flight_max: in_flight_max?, rate: rate?, burst: burst?, breaker: breaker? })
}

/// Reads a rate such as `10/s`.
#[expect(clippy::option_option, reason = "absent, invalid and valid are three results")]
pub(super) fn rate(item: Option<&Item<'_>>) -> Option<Option<Rate>> {
    let Some(item) = item else { return Some(None) };
    let text = item.text()?;
    let read = text.split_once('/').and_then(|(calls, unit)| {
        let per = match unit.trim() {
            "s" => Duration::from_secs(1),
            "m" => Duration::from_mins(1),
            "h" => Duration::from_hours(1),
            _ => return None,
        };
        let calls: u32 = calls.trim().parse().ok()?;
        (1..=CALLS_MAX).contains(&i64::from(calls)).then_some(Rate { calls, per })
    });
    if read.is_none() {
        let hint = "write a number of calls and a unit: `10/s`, `600/m` or `1000/h`".to_owned();
        item.problem(format!("`{text}` is no rate"), Some(hint));
        return None;
    }
    Some(read)
}

/// Reads the burst of a rate.
#[expect(clippy::option_option, reason = "absent, invalid and valid are three results")]
pub(super) fn burst(item: Option<&Item<'_>>, has_rate: bool) -> Option<Option<u32>> {
    let Some(item) = item else { return Some(None) };
    if !has_rate {
        item.problem("a burst belongs to a rate", Some("add `rate: 10/s`, or remove it".to_owned()));
    }
    item.integer(1..=CALLS_MAX).map(Some)
}

/// Reads the thresholds of the circuit breaker.
pub(super) fn breaker(item: &Item<'_>) -> Option<Breaker> {
    let mut fields = item.fields()?;
    let mut breaker = Breaker::default();
    let failures = fields.item("failures").map_or(Some(breaker.failures), |item| item.integer(1..=CALLS_MAX));
    for (key, duration) in [("pause", &mut breaker.pause), ("pause_max", &mut breaker.pause_max)] {
        let Some(item) = fields.item(key) else { continue };
        let Some(read) = item.read::<Duration>() else { continue };
        if read.is_zero() {
            item.problem("this must be longer than 0", None);
        }
        *duration = read;
    }
    fields.finish();
    breaker.pause_max = breaker.pause_max.max(breaker.pause);
    Some(Breaker { failures: failures?, ..breaker })
}
