//! The commands of one processor's golden text.

use bytes::Bytes;

use super::Command;
use super::error::Result;
use crate::model::{Headers, Key, Record, Reject, TimerKind, Timestamp, Topic, TopicPartition};
use crate::processor::{Input, Keyed, Keying, Processor};

/// The commands of one processor's golden text. `Default` is the script at the beginning of a case.
pub trait Script: Default {
    /// The processor.
    type Processor: Processor;

    /// The processor, with the settings of the moment.
    fn processor(&self) -> Self::Processor;

    /// Reads a command; `at` is the time of its event. A command that this script does not have is
    /// [`Command::unknown`].
    fn read(&mut self, command: &Command, at: Timestamp) -> Result<Given>;

    /// A state, in one line.
    fn state(&self, state: &<Self::Processor as Processor>::State) -> String;

    /// The name of a timer.
    fn timer(&self, kind: TimerKind) -> String {
        format!("{kind:?}")
    }
}

/// What a command gives to the processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// An input of a key's entry.
    Input(Key, Input),
    /// Nothing, because the keying step has rejected the record.
    Rejected(Reject),
    /// Nothing, because the record is for no entry.
    Passed,
    /// Nothing: the command has changed the script.
    Nothing,
}

impl Given {
    /// What a keying step makes of a record.
    pub fn keyed(keying: &dyn Keying, record: Record) -> Self {
        match keying.key(&record) {
            Ok(Keyed::To(addressed)) => {
                let (key, event) = addressed.into_event(record);
                Self::Input(key, Input::Record(event))
            }
            Ok(Keyed::Pass) => Self::Passed,
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
