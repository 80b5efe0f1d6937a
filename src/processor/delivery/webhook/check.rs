//! Renders the requests of sample bundles, so that mistakes are told before the first bundle.

use std::collections::BTreeSet;

use super::Requests;
use super::values::{VARIABLES, Values};
use crate::processor::delivery::Children;
use crate::processor::delivery::sample::{Filled, bundles};
use crate::template::{Error, Finding, Sample, Severity};

impl Requests {
    /// The findings in the templates of body and path; empty if each sample renders.
    pub fn check(&self, children: Children<'_>) -> Vec<Finding> {
        let mut findings = [self.template.lint(&VARIABLES), self.path.lint(&VARIABLES)].concat();
        // A rendering stops at an unknown name, and tells nothing else then.
        if findings.iter().any(|finding| finding.severity == Severity::Error) {
            return findings;
        }
        let sample = Sample::of(&self.template);
        let mut told = BTreeSet::new();
        for bundle in bundles(children, &[]) {
            let filled = Filled::of(bundle, &sample);
            let Err(error) = sample.template().render(&Values::sample(&filled, children.names)) else { continue };
            // One mistake is found in several samples, with other words.
            if told.insert(error.place()) {
                // Of the fields of events, and of a child that this bundle does not have: `children[2]`.
                let is_of_the_sample = sample.is_uncertain(&error, &VARIABLES)
                    || matches!(error, Error::Undefined { .. }) && bundle.children != children.usual;
                let certain = !is_of_the_sample && (bundle.children > 0 || children.usual == 0);
                let severity = if certain { Severity::Error } else { Severity::Warning };
                findings.push(Finding { severity, text: format!("{error} ({bundle})") });
            }
        }
        findings
    }
}
