//! The mark of what is processed again.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::Timestamp;

/// A replay: records that were processed before are processed again. What comes of them is marked with it, so that people are not
/// told of it, and nothing is submitted that is not known to be new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The id of the replay.
    pub id: Arc<str>,
    /// The end of the time that is processed again: deadlines before it have been told of.
    pub at: Timestamp,
}

/// The error of a text that is not the mark of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not ID@MILLISECONDS")]
pub struct NoReplay;

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.at.as_millis())
    }
}

impl FromStr for Replay {
    type Err = NoReplay;

    /// Parses the form of [`Display`](fmt::Display).
    fn from_str(text: &str) -> Result<Self, NoReplay> {
        let (id, at) = text.rsplit_once('@').filter(|(id, _)| !id.is_empty()).ok_or(NoReplay)?;
        let at = at.parse().map_err(|_not_a_number| NoReplay)?;
        Ok(Self { id: id.into(), at: Timestamp::from_millis(at) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let replay = Replay { id: "reset@7".into(), at: Timestamp::from_millis(-3) };
        assert_eq!(replay.to_string().parse(), Ok(replay));
        for wrong in ["", "7", "@7", "a@", "a@b"] {
            assert_eq!(wrong.parse::<Replay>(), Err(NoReplay), "{wrong}");
        }
    }
}
