//! The filter of a list.

use std::ops::RangeInclusive;

use super::position::Position;
use crate::codec::Head;
use crate::model::{Key, Timestamp, is_status};

/// The most entries of a page.
pub(super) const LIMIT_MAX: usize = 500;
/// The entries of a page if nothing else is asked for.
const LIMIT: usize = 50;

/// Which entries are listed, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Names of statuses, or what they begin with up to a `/`: `open` is all that are `open/..`. Empty: every status.
    pub statuses: Vec<String>,
    /// The range of the sort key: of incomplete bundles it is the deadline.
    pub at: RangeInclusive<Timestamp>,
    /// The range of the due time of the next timer; an entry without a timer is in none.
    pub due: Option<RangeInclusive<Timestamp>>,
    /// A text in the key.
    pub text: Option<String>,
    /// The last position of the page before.
    pub after: Option<Position>,
    /// The most entries, up to 500.
    pub limit: usize,
}

/// A parameter of a list has no valid value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}={value}`: {problem}")]
pub struct FilterError {
    /// The parameter.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The problem, with the remedy.
    pub problem: String,
}

impl Default for Filter {
    fn default() -> Self {
        Self { statuses: Vec::new(), at: ever(), due: None, text: None, after: None, limit: LIMIT }
    }
}

impl Filter {
    /// Sets a parameter: `status` (may be repeated), `from` and `until` (of the sort key), `due_from` and `due_until` (of the next
    /// timer), `text`, `cursor`, `limit`.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), FilterError> {
        let wrong =
            |problem: &str| FilterError { name: name.to_owned(), value: value.to_owned(), problem: problem.to_owned() };
        let time = || time(value).ok_or_else(|| wrong("it is no time such as 2026-11-29T17:00:00Z"));
        match name {
            "status" => self.statuses.push(value.to_owned()),
            "from" => self.at = time()?..=*self.at.end(),
            "until" => self.at = *self.at.start()..=time()?,
            "due_from" => self.due = Some(time()?..=*self.due.clone().unwrap_or_else(ever).end()),
            "due_until" => self.due = Some(*self.due.clone().unwrap_or_else(ever).start()..=time()?),
            "text" => self.text = Some(value.to_owned()).filter(|text| !text.is_empty()),
            "cursor" => self.after = Some(value.parse().map_err(|error| wrong(&format!("{error}")))?),
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
                self.limit = limit.ok_or_else(|| wrong(&format!("it is no number from 1 to {LIMIT_MAX}")))?;
            }
            _ => {
                return Err(wrong(
                    "there is no such parameter: status, from, until, due_from, due_until, text, cursor, limit",
                ));
            }
        }
        Ok(())
    }

    /// True if entries with a status of this name are listed.
    pub(super) fn has_status(&self, name: &str) -> bool {
        let is_wanted = |wanted: &String| is_status(name, wanted.strip_suffix('/').unwrap_or(wanted));
        self.statuses.is_empty() || self.statuses.iter().any(is_wanted)
    }

    /// True if entries with this key are listed.
    pub(super) fn has_key(&self, key: &Key) -> bool {
        self.text.as_ref().is_none_or(|text| key.text().contains(text.as_str()))
    }

    /// True if entries with this head are listed.
    pub(super) fn is_due(&self, head: &Head) -> bool {
        let next = head.timers.iter().map(|timer| timer.due).min();
        self.due.as_ref().is_none_or(|due| next.is_some_and(|next| due.contains(&next)))
    }
}

const fn ever() -> RangeInclusive<Timestamp> {
    Timestamp::MIN..=Timestamp::from_millis(i64::MAX)
}

fn time(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_millis(time.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_meant_by_its_name_its_begin_or_its_end() {
        let mut filter = Filter::default();
        assert!(filter.has_status("closed"), "without a status all are listed");
        filter.set("status", "open").unwrap();
        filter.set("status", "breached/waiting-parent").unwrap();
        let listed =
            ["open", "open/waiting-parent", "breached/waiting-parent", "opened", "breached/waiting-both", "closed"]
                .map(|name| filter.has_status(name));
        assert_eq!(listed, [true, true, true, false, false, false]);

        filter = Filter::default();
        filter.set("status", "waiting-parent").unwrap();
        let listed =
            ["open/waiting-parent", "breached/waiting-parent", "open/not-waiting-parent", "waiting-parent/late"]
                .map(|name| filter.has_status(name));
        assert_eq!(listed, [true, true, false, true]);
    }

    #[test]
    fn a_wrong_parameter_is_named_with_the_remedy() {
        let mut filter = Filter::default();
        let mut said = |name, value| filter.set(name, value).unwrap_err().to_string();
        assert_eq!(said("limit", "0"), "`limit=0`: it is no number from 1 to 500");
        assert_eq!(said("from", "noon"), "`from=noon`: it is no time such as 2026-11-29T17:00:00Z");
        assert_eq!(said("cursor", "x"), "`cursor=x`: it is not the `next` of an answer");
        assert!(said("state", "open").contains("there is no such parameter: status, "));
        assert_eq!(filter, Filter::default());
    }
}
