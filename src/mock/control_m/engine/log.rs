//! The log of a job: lines with fixed columns and a code.

use crate::model::Timestamp;

use super::calendar::Calendar;

/// A line of the log.
#[derive(Clone, Debug)]
pub(in crate::mock::control_m) struct Entry {
    pub(super) at: Timestamp,
    pub(super) what: What,
}

/// What happened to a job.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    Ordered,
    Held,
    Freed,
    Confirmed,
    Submitted,
    Started,
    Executing,
    Code(i32),
    EndedOk,
    EndedNotOk,
    Killed,
    Rerun,
    SetToOk,
    Deleted,
    Undeleted,
    Bypassed,
}

impl What {
    /// The text and the message code of Control-M; codes that no source has are 0.
    fn line(self) -> (String, u32) {
        let (text, code) = match self {
            Self::Ordered => ("ORDERED", 5065),
            Self::Held => ("HELD BY USER", 0),
            Self::Freed => ("FREED BY USER", 5402),
            Self::Confirmed => ("CONFIRMED BY USER", 0),
            Self::Submitted => ("SUBMITTED", 5105),
            Self::Started => ("STARTED", 5101),
            Self::Executing => ("STATE CHANGED TO Executing", 5120),
            Self::Code(code) => return (format!("ENDED AT OSCOMPSTAT {code}"), 5100),
            Self::EndedOk => ("ENDED OK", 5133),
            Self::EndedNotOk => ("ENDED NOTOK", 5134),
            Self::Killed => ("KILLED BY USER", 0),
            Self::Rerun => ("RERUN BY USER", 0),
            Self::SetToOk => ("SET TO OK BY USER", 0),
            Self::Deleted => ("DELETED BY USER", 0),
            Self::Undeleted => ("UNDELETED BY USER", 0),
            Self::Bypassed => ("RUN NOW BY USER", 0),
        };
        (text.to_owned(), code)
    }
}

/// The log as text.
pub(super) fn written(log: &[Entry], calendar: &Calendar) -> String {
    let mut lines = Vec::new();
    for entry in log {
        let (what, code) = entry.what.line();
        let at = calendar.written(entry.at, "%m%d %H%M%S");
        lines.push(format!("{at} {what:<60}\t{code:04}\n"));
    }
    lines.concat()
}
