//! The commands of the example's golden files.
//!
//! | command | what it is |
//! |---|---|
//! | `click ada` | a click of a key; without a key it is rejected |

use std::time::Duration;

use sheaf::model::Timestamp;
use sheaf::processor::by_key;
use sheaf::testing::golden::{Command, Error, Given, Script, record};

use crate::driver::processor::{Counter, Tally};

/// The commands of the example's golden files.
#[derive(Default)]
pub(crate) struct Clicks;

impl Script for Clicks {
    type Processor = Counter;

    fn processor(&self) -> Counter {
        Counter(Duration::from_mins(10))
    }

    fn read(&mut self, command: &Command, at: Timestamp) -> Result<Given, Error> {
        match command.name.as_str() {
            "click" => {
                command.allow(&[], 1)?;
                let key = command.words.first().map(String::as_str);
                Ok(Given::keyed(&by_key, record("clicks", key, None, at)))
            }
            _ => Err(command.unknown()),
        }
    }

    fn state(&self, tally: &Tally) -> String {
        format!("count={}", tally.count)
    }
}
