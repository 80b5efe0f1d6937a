//! The schema version of events: where it stands, and which ones a source takes.

use std::fmt;

use crate::codec::json::{Scalar, integer};
use crate::model::{Record, Reject, RejectReason};
use crate::processor::place::{Field, Found, Place, Places, cloud_event, outside};

/// The schema versions that a source takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRule {
    /// The place of the version.
    pub at: Place,
    /// The versions, at least one.
    pub accepts: Vec<VersionPattern>,
    /// What becomes of an event without a version.
    pub missing: MissingVersion,
}

/// A version, or with a `*` all that begin and end as it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionPattern {
    begin: String,
    /// `None` without a `*`.
    end: Option<String>,
}

/// What becomes of an event without a version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingVersion {
    /// It is rejected: nobody knows whether it can be read.
    #[default]
    Reject,
    /// It is taken: it is older than versions.
    Accept,
}

impl VersionPattern {
    /// A pattern from its text, which has at most one `*`; the error is a message.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a version has at least one character".to_owned());
        }
        match text.split_once('*') {
            None => Ok(Self { begin: text.to_owned(), end: None }),
            Some((_, end)) if end.contains('*') => {
                Err(format!("`{text}` has more than one `*`: write `1.*`, `*.v1` or `orders/1.*/event`"))
            }
            Some((begin, end)) => Ok(Self { begin: begin.to_owned(), end: Some(end.to_owned()) }),
        }
    }

    fn takes(&self, version: &str) -> bool {
        match (&self.end, version.strip_prefix(&self.begin)) {
            (None, rest) => rest == Some(""),
            (Some(end), rest) => rest.is_some_and(|rest| rest.ends_with(end)),
        }
    }
}

impl fmt::Display for VersionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.end {
            None => f.write_str(&self.begin),
            Some(end) => write!(f, "{}*{end}", self.begin),
        }
    }
}

/// A rule that is ready to be checked.
#[derive(Clone, Debug)]
pub(super) struct VersionCheck {
    at: Field,
    accepts: Vec<VersionPattern>,
    missing: MissingVersion,
}

impl VersionCheck {
    pub(super) fn new(rule: &VersionRule, places: &mut Places) -> Self {
        Self { at: places.add(&rule.at), accepts: rule.accepts.clone(), missing: rule.missing }
    }

    /// The place.
    pub(super) const fn at(&self) -> &Field {
        &self.at
    }

    /// Checks the version of an event; `event` tells what it is in messages.
    pub(super) fn check(&self, found: &Found<'_>, event: &dyn Fn() -> String) -> Result<(), Reject> {
        self.judge(&found.scalar(&self.at), event)
    }

    /// The rejection of a record by its headers and key alone, whose value cannot be read: in another version it may be in another
    /// format.
    pub(super) fn check_outside(&self, record: &Record, event: &dyn Fn() -> String) -> Result<(), Reject> {
        let version = match &self.at.place {
            place @ (Place::Header(_) | Place::Key) => outside(record, place),
            Place::Attribute(name) => match cloud_event::in_headers(record, name) {
                Some(text) => Scalar::Text(text.into()),
                None => return Ok(()),
            },
            Place::Value(_) | Place::KeyField(_) => return Ok(()),
        };
        if version == Scalar::Absent { Ok(()) } else { self.judge(&version, event) }
    }

    /// A number is compared as it is spelled and, if it is an integer, as that.
    fn judge(&self, version: &Scalar<'_>, event: &dyn Fn() -> String) -> Result<(), Reject> {
        let (text, digits): (&str, _) = match version {
            Scalar::Absent | Scalar::Null if self.missing == MissingVersion::Accept => return Ok(()),
            Scalar::Absent | Scalar::Null => return Err(self.refused(event, "missing")),
            Scalar::Text(text) => (text, None),
            Scalar::Number(number) => (number, integer(number)),
            other @ (Scalar::Boolean(_) | Scalar::Other(_)) => return Err(self.refused(event, other.kind())),
        };
        let is_taken = |text: &str| self.accepts.iter().any(|pattern| pattern.takes(text));
        if is_taken(text) || digits.is_some_and(|digits| is_taken(&digits)) {
            return Ok(());
        }
        Err(self.refused(event, &format!("`{text}`")))
    }

    fn refused(&self, event: &dyn Fn() -> String, what: &str) -> Reject {
        let accepted: Vec<String> = self.accepts.iter().map(|pattern| format!("`{pattern}`")).collect();
        let accepted = accepted.join(" or ");
        let (place, event) = (&self.at.place, event());
        let detail = format!("incompatible schema version: `{place}` of {event} is {what}, and {accepted} is accepted");
        Reject::new(RejectReason::IncompatibleVersion, detail)
    }
}

#[cfg(test)]
mod tests {
    use super::VersionPattern;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, takes, refuses) in [
            ("1", &["1"][..], &["", "10", "1.0", "v1"][..]),
            ("1.*", &["1.", "1.0", "1.12.3"], &["1", "11.0", "2.1"]),
            ("*.v1", &["order.v1", ".v1"], &["order.v2", "order.v1.x", "v1"]),
            (
                "https://s/order/1.*.json",
                &["https://s/order/1.2.json"],
                &["https://s/order/1.json", "https://s/order/2.0.json"],
            ),
        ] {
            let parsed = VersionPattern::parse(pattern).unwrap();
            assert_eq!(parsed.to_string(), pattern);
            assert!(takes.iter().all(|text| parsed.takes(text)), "{pattern}");
            assert!(!refuses.iter().any(|text| parsed.takes(text)), "{pattern}");
        }
        assert!(VersionPattern::parse("*1*").unwrap_err().contains("more than one `*`"));
    }
}
