//! Where a replay begins.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use crate::cli::exit::Failure;
use crate::codec::yaml;
use crate::model::{Timestamp, Topic, TopicPartition};
use crate::runtime::replay::Start;

/// The value of `--from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    Earliest,
    Time(Timestamp),
    Ago(Duration),
}

impl FromStr for From {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "earliest" {
            return Ok(Self::Earliest);
        }
        if let Ok(at) = text.parse() {
            return Ok(Self::Time(at));
        }
        yaml::duration(text).map(Self::Ago).map_err(|_no_duration| {
            "write earliest, a time such as 2026-11-29T18:00:00Z, or a duration such as 36h or 7d".to_owned()
        })
    }
}

impl From {
    /// The start, now.
    pub(super) fn start(self, now: Timestamp) -> Start {
        match self {
            Self::Earliest => Start::Earliest,
            Self::Time(at) => Start::Since(at),
            Self::Ago(ago) => Start::Since(now.saturating_sub(ago)),
        }
    }
}

/// The offsets of a file as `kafka-consumer-groups --reset-offsets --export` writes it: `"topic",partition,offset` on each line.
pub(super) fn of_file(path: &Path) -> Result<Start, Failure> {
    let wrong = |detail: String| Failure::Usage(format!("error: {}: {detail}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    offsets(&text).map(Start::Offsets).map_err(wrong)
}

fn offsets(text: &str) -> Result<BTreeMap<TopicPartition, i64>, String> {
    let mut offsets = BTreeMap::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let parsed = || {
            let (topic, rest) =
                line.rsplit_once(',').and_then(|(rest, offset)| Some((rest.rsplit_once(',')?, offset)))?;
            let ((topic, partition), offset) = (topic, rest);
            let topic = Topic::new(topic.trim().trim_matches('"'));
            Some((TopicPartition { topic, partition: partition.trim().parse().ok()? }, offset.trim().parse().ok()?))
        };
        let (partition, offset): (TopicPartition, i64) = parsed()
            .ok_or_else(|| format!("line {}: `{line}` is not \"topic\",partition,offset", number.saturating_add(1)))?;
        if offsets.insert(partition.clone(), offset).is_some() {
            return Err(format!("line {}: {partition} stands twice", number.saturating_add(1)));
        }
    }
    Ok(offsets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_a_time_or_a_duration() {
        let now = Timestamp::from_millis(1_795_273_200_000);
        let start = |text: &str| text.parse::<From>().map(|from| from.start(now));
        assert_eq!(start("earliest"), Ok(Start::Earliest));
        assert_eq!(start("1h"), Ok(Start::Since(now.saturating_sub(Duration::from_hours(1)))));
        assert_eq!(start("7d"), Ok(Start::Since(now.saturating_sub(Duration::from_hours(7 * 24)))));
        assert_eq!(start("2026-11-21T15:00:00Z"), Ok(Start::Since(Timestamp::from_millis(1_795_273_200_000))));
        for wrong in ["", "yesterday", "-1h"] {
            assert!(start(wrong).unwrap_err().contains("write earliest"), "{wrong}");
        }
    }

    #[test]
    fn an_export_of_kafka_is_read() {
        let read = offsets("\"parents\",0,17\nchildren,3, 5\n\n").unwrap();
        let of = |topic: &str, number| TopicPartition::new(&Topic::new(topic), number);
        assert_eq!(read, BTreeMap::from([(of("parents", 0), 17), (of("children", 3), 5)]));
        assert!(offsets("parents,0").unwrap_err().contains("line 1"));
        assert!(offsets("a,0,1\na,0,2").unwrap_err().contains("line 2: a-0 stands twice"));
    }
}
