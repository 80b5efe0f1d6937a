//! How far away a time is, for people.

use super::Timestamp;

/// `3 h 12 min ago`, `in 20 h 47 min`: the two largest units.
pub fn age(at: Timestamp, now: Timestamp) -> String {
    if at > now {
        format!("in {}", lasting(at.since(now).as_secs()))
    } else {
        format!("{} ago", lasting(now.since(at).as_secs()))
    }
}

fn lasting(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{minutes} min"),
        // A day is the unit in which deadlines are agreed upon: `27 h` is told apart from `24 h`.
        3_600..172_800 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_by_their_two_largest_units() {
        let now = Timestamp::from_millis(1_000_000_000_000);
        let at = |seconds: i64| Timestamp::from_millis(1_000_000_000_000 + seconds * 1_000);
        assert_eq!(
            [0, -59, -60, 3_599, 3_660, 100_000, -172_800, 7 * 86_400].map(|seconds| age(at(seconds), now)),
            [
                "0 s ago",
                "59 s ago",
                "1 min ago",
                "in 59 min",
                "in 1 h 1 min",
                "in 27 h 46 min",
                "2 d 0 h ago",
                "in 7 d 0 h"
            ]
        );
    }
}
