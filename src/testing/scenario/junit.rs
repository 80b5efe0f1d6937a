//! A report in the form of `JUnit`, which CI systems read.

use std::fmt::Write as _;

use super::diff::{DiffKind, diff, first_line};
use super::outcome::{Outcome, Played, TestResult};
use crate::codec::markup::escape;

/// The report: a suite for each file, a case for each scenario. A scenario without expectations is a failure.
pub fn junit(played: &[Played]) -> String {
    let (tests, failures) = totals(played.iter().flat_map(|file| &file.outcomes));
    let mut report = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"sheaf test\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n"
    );
    for file in played {
        let (tests, failures) = totals(file.outcomes.iter());
        let path = escape(&file.path.display().to_string());
        report.extend([format!(
            "  <testsuite name=\"{path}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">\n"
        )]);
        for outcome in &file.outcomes {
            report += &case(&path, outcome);
        }
        report += "  </testsuite>\n";
    }
    report + "</testsuites>\n"
}

fn totals<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> (usize, usize) {
    outcomes.fold((0, 0), |(tests, failures), outcome| {
        (tests + 1, failures + usize::from(outcome.result() != TestResult::Passed))
    })
}

fn case(path: &str, outcome: &Outcome) -> String {
    let (title, line) = (escape(&outcome.title), outcome.line);
    let open = format!("    <testcase classname=\"{path}\" name=\"{title}\" file=\"{path}\" line=\"{line}\"");
    let (message, text) = match (outcome.result(), &outcome.failure) {
        (TestResult::Passed, _) => return open + "/>\n",
        (TestResult::New, _) => {
            ("nothing is expected yet: sheaf test --update writes what happens".to_owned(), String::new())
        }
        (TestResult::Failed, Some((line, message))) => (format!("line {line}: {message}"), String::new()),
        (TestResult::Failed, None) => differences(outcome),
    };
    let (message, text) = (escape(&message), escape(&text));
    format!("{open}>\n      <failure type=\"difference\" message=\"{message}\">{text}</failure>\n    </testcase>\n")
}

/// The first line that is different, and all differences.
fn differences(outcome: &Outcome) -> (String, String) {
    let (mut message, mut text) = (String::new(), String::new());
    for step in outcome.steps.iter().filter(|step| step.is_different()) {
        let line = first_line(step);
        if message.is_empty() {
            message = format!("line {line}: something else happens");
        }
        let (Ok(()) | Err(_)) = writeln!(text, "line {line}:");
        for line in diff(step) {
            let sign = match line.kind {
                DiffKind::Same => ' ',
                DiffKind::Expected => '-',
                DiffKind::Happened => '+',
                DiffKind::Gap => '.',
            };
            let (Ok(()) | Err(_)) = writeln!(text, "{sign} {}", line.text);
        }
    }
    (message, text)
}
