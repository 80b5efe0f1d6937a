//! The definition of a bundle, with all findings in it, without a delivery.

use super::{Folders, definition};
use crate::model::{Reject, RejectReason};
use crate::processor::delivery::Submission;
use crate::template::{Finding, Severity};

/// The definition of a bundle.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The text, one JSON object.
    pub definition: String,
    /// What is wrong with it. One with an error would not be sent.
    pub findings: Vec<Finding>,
}

impl Folders {
    /// Renders the definition of a bundle, given as the value of a submission record.
    pub fn preview(&self, submission: &[u8]) -> Result<Preview, Reject> {
        let submission = Submission::decode(submission)?;
        let folder = self.name(&submission.bundle_id)?;
        let checked = definition::render_checked(self, &submission, &folder)
            .map_err(|error| Reject::new(RejectReason::Render, error.to_string()))?;
        let of_rules = checked.findings.iter();
        let mut findings: Vec<Finding> =
            of_rules.map(|found| Finding { severity: found.rule.severity, text: found.to_string() }).collect();
        let definition = checked.text.clone();
        if let Err(error) = checked.named(self, &folder) {
            findings.push(Finding { severity: Severity::Error, text: error.to_string() });
        }
        findings.sort_by_key(|finding| finding.severity);
        Ok(Preview { definition, findings })
    }
}
