//! What a check finds.

/// What a check finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// What was checked.
    pub check: &'static str,
    pub verdict: Verdict,
    pub detail: String,
    /// What to do.
    pub remedy: Option<String>,
}

/// The verdict of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is as it should be.
    Ok,
    /// An instance works, perhaps not for long.
    Warning,
    /// An instance does not work.
    Fail,
}

impl Verdict {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fail => "fail",
        }
    }
}

impl Finding {
    pub(super) fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, detail: detail.into(), remedy: None }
    }

    pub(super) fn warning(check: &'static str, detail: impl Into<String>, remedy: &str) -> Self {
        Self { check, verdict: Verdict::Warning, detail: detail.into(), remedy: Some(remedy.to_owned()) }
    }

    pub(super) fn fail(check: &'static str, detail: impl Into<String>, remedy: &str) -> Self {
        Self { check, verdict: Verdict::Fail, detail: detail.into(), remedy: Some(remedy.to_owned()) }
    }
}
