//! How long a job executes and how it ends, by its command. Nothing is run.

use std::time::Duration;

/// How long a job executes, and how it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::mock::control_m) struct Work {
    /// The command or script, for the output; empty when there is none.
    pub(in crate::mock::control_m) command: String,
    /// The sum of its `sleep`s; none means the simulator's default.
    pub(in crate::mock::control_m) duration: Option<Duration>,
    /// The number of its last `exit`, else 0.
    pub(in crate::mock::control_m) exit: i32,
}

impl Work {
    /// The work of a command.
    pub(super) fn of(command: &str) -> Self {
        // A script has its line ends as `\\n` in the JSON.
        let lines = command.replace("\\n", "\n");
        let words: Vec<&str> = lines.split(|c: char| !(c.is_alphanumeric() || ".-_".contains(c))).collect();
        let after = |word: &'static str| {
            let pairs = words.windows(2).filter(move |pair| pair.first() == Some(&word));
            pairs.filter_map(|pair| pair.get(1))
        };
        let sleeps: Vec<f64> = after("sleep").filter_map(|text| text.trim_end_matches('s').parse().ok()).collect();
        let sum = Duration::try_from_secs_f64(sleeps.iter().sum()).ok();
        Self {
            command: command.to_owned(),
            duration: sum.filter(|_| !sleeps.is_empty()),
            exit: after("exit").filter_map(|text| text.parse().ok()).next_back().unwrap_or(0),
        }
    }

    /// A job that does nothing and takes no time.
    pub(super) fn none() -> Self {
        Self { duration: Some(Duration::ZERO), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Work;

    #[test]
    fn a_command_says_how_long_it_takes_and_how_it_ends() {
        let of = |command| {
            let work = Work::of(command);
            (work.duration, work.exit)
        };
        assert_eq!(of("echo a"), (None, 0));
        assert_eq!(of("echo a; sleep 3 && sleep 0.5; exit 7"), (Some(Duration::from_millis(3_500)), 7));
        assert_eq!(of("#!/bin/sh\\nsleep 10\nexit 0"), (Some(Duration::from_secs(10)), 0));
        assert_eq!(of("sleep forever; sleep -1; exit"), (None, 0));
        assert_eq!(of("sleep 1e300"), (None, 0));
    }
}
