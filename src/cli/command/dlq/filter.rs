//! Which letters a command is about.

use std::str::FromStr;

use super::letters::Found;

/// A condition on letters: `reason=unparsable`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    Reason(String),
    Topic(String),
    Processor(String),
    /// A status, or `all`.
    Status(String),
    /// A part of the message.
    Text(String),
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = "write reason=, topic=, processor=, status= or text=";
        let (name, value) = text.split_once('=').ok_or(known)?;
        let value = value.to_owned();
        match name {
            "reason" => Ok(Self::Reason(value)),
            "topic" => Ok(Self::Topic(value)),
            "processor" => Ok(Self::Processor(value)),
            "status" if ["open", "redriven", "edited", "discarded", "all"].contains(&value.as_str()) => {
                Ok(Self::Status(value))
            }
            "status" => Err("a status is open, redriven, edited, discarded or all".to_owned()),
            "text" => Ok(Self::Text(value)),
            _ => Err(known.to_owned()),
        }
    }
}

/// True if a letter fulfils all conditions; without a status it has to be open.
pub(super) fn all(filters: &[Filter], found: &Found) -> bool {
    let has_status = filters.iter().any(|filter| matches!(filter, Filter::Status(_)));
    (has_status || found.status == "open") && filters.iter().all(|filter| filter.takes(found))
}

impl Filter {
    fn takes(&self, found: &Found) -> bool {
        let letter = &found.letter;
        match self {
            Self::Reason(reason) => letter.reason == *reason,
            Self::Topic(topic) => letter.origin.topic == *topic,
            Self::Processor(processor) => letter.processor.as_ref() == Some(processor),
            Self::Status(status) => status == "all" || found.status == *status,
            Self::Text(text) => letter.message.contains(text.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Headers, Record, Timestamp, Topic, TopicPartition};
    use crate::processor::dead_letter::{Letter, header};

    fn found(status: &'static str) -> Found {
        let headers = Headers::new()
            .with(header::REASON, "unparsable")
            .with(header::MESSAGE, "no JSON at all")
            .with(header::TOPIC, "orders")
            .with(header::PARTITION, "3")
            .with(header::OFFSET, "17");
        let source = TopicPartition::new(&Topic::new("app-dead-letters"), 0);
        let record =
            Record { source, offset: 1, timestamp: Timestamp::from_millis(0), key: None, value: None, headers };
        Found { key: "orders-3@17".to_owned(), status, rounds: 1, letter: Letter::read(&record).unwrap() }
    }

    #[test]
    fn letters_are_filtered_by_all_conditions_and_by_default_those_that_are_open() {
        let is_taken = |filters: &[&str], status| {
            let filters: Vec<Filter> = filters.iter().map(|filter| filter.parse().unwrap()).collect();
            all(&filters, &found(status))
        };
        assert!(is_taken(&[], "open") && !is_taken(&[], "redriven"));
        assert!(is_taken(&["reason=unparsable", "topic=orders", "text=JSON"], "open"));
        assert!(!is_taken(&["reason=unparsable", "topic=parcels"], "open") && !is_taken(&["processor=bundle"], "open"));
        assert!(is_taken(&["status=all"], "discarded") && is_taken(&["status=discarded"], "discarded"));
        for wrong in ["reason", "size=1", "status=new"] {
            assert!(wrong.parse::<Filter>().is_err(), "{wrong}");
        }
    }
}
