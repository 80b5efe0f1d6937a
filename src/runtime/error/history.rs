//! What a first start would read of topics that hold a history.

use std::fmt;
use std::time::Duration;

use crate::model::Topic;

/// The durations that the refusal names as choices.
pub(in crate::runtime) const CHOICES: [(&str, Duration); 3] =
    [("7d", Duration::from_hours(7 * 24)), ("24h", Duration::from_hours(24)), ("1h", Duration::from_hours(1))];

/// The numbers of records that each choice would read of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The topic.
    pub topic: Topic,
    /// The number of records of the whole log.
    pub earliest: i64,
    /// The numbers of records that are younger than 7 days, 24 hours and one hour.
    pub since: [i64; 3],
}

/// The histories of topics as a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histories(pub Vec<History>);

impl fmt::Display for Histories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width =
            self.0.iter().map(|history| history.topic.as_str().len()).max().unwrap_or(0).max("records of".len());
        write!(f, "  {:width$}  {:>10}", "records of", "earliest")?;
        for (name, _) in CHOICES {
            write!(f, "  {name:>10}")?;
        }
        write!(f, "  {:>10}", "latest")?;
        for History { topic, earliest, since } in &self.0 {
            write!(f, "\n  {:width$}  {earliest:>10}", topic.as_str())?;
            for number in since {
                write!(f, "  {number:>10}")?;
            }
            write!(f, "  {:>10}", 0)?;
        }
        Ok(())
    }
}
