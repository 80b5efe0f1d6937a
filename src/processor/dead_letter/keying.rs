//! The keying step of the dead-letters topic.

use super::Letter;
use super::header;
use crate::model::{Record, Reject};
use crate::processor::{Keyed, Keying};

/// Keys letters by where their records came from. It rejects nothing: a record that is no letter, or the letter of a letter, is passed
/// over.
#[derive(Clone, Copy, Debug, Default)]
pub struct LetterKeying;

impl Keying for LetterKeying {
    fn key(&self, record: &Record) -> Result<Keyed, Reject> {
        if record.headers.text(header::TOPIC) == Some(record.source.topic.as_str()) {
            return Ok(Keyed::Pass);
        }
        Ok(match Letter::key(record) {
            Some(key) => Keyed::new(key, "letter", record.timestamp),
            None => Keyed::Pass,
        })
    }
}
