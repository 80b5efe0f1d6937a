//! The commands of a processor's golden text.

use bytes::Bytes;

use super::Command;
use super::error::Result;
use crate::model::{Headers, Key, Record, Reject, TimerKind, Timestamp, Topic, TopicPartition};
use crate::processor::{Input, Keyed, Keying, Processor};

/// The commands of a processor's golden text; each case begins with its `Default`.
pub trait Script: Default {
    /// The processor.
    type Processor: Processor;

    /// The processor, with the current settings of the script.
    fn processor(&self) -> Self::Processor;

    /// Reads a command; `at` is the time of its event. [`Command::unknown`] is the error of an unknown one.
    fn read(&mut self, command: &Command, at: Timestamp) -> Result<Given>;

    /// The text of a state, in one line.
    fn state(&self, state: &<Self::Processor as Processor>::State) -> String;

    /// The name of a timer.
    fn timer(&self, kind: TimerKind) -> String {
        format!("{kind:?}")
    }
}

/// The input that a command gives to the processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// An input of a key's entry.
    Input(Key, Input),
    /// No input: the keying step has rejected the record.
    Rejected(Reject),
    /// No input: the keying step has passed over the record.
    Passed,
    /// No input: the command has changed the script.
    Nothing,
}

impl Given {
    /// The result of a keying step for a record.
    pub fn keyed(keying: &dyn Keying, record: Record) -> Self {
        match keying.key(&record) {
            Ok(Keyed::To(addressed)) => {
                let (key, event) = addressed.into_event(record);
                Self::Input(key, Input::Record(event))
            }
            Ok(Keyed::Pass | Keyed::Foreign(_)) => Self::Passed,
            Err(reject) => Self::Rejected(reject),
        }
    }
}

/// A record of a source, at offset 0 of partition 0, without headers.
pub fn record(topic: &str, key: Option<&str>, value: Option<&str>, at: Timestamp) -> Record {
    let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    Record {
        source: TopicPartition::new(&Topic::new(topic), 0),
        offset: 0,
        timestamp: at,
        key: key.map(bytes),
        value: value.map(bytes),
        headers: Headers::new(),
    }
}
