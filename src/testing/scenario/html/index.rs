//! The page that lists all scenarios.

use super::super::outcome::{Played, TestResult};
use super::escape;
use super::file_name::file_name;

/// The body of the page.
pub(super) fn body(played: &[Played]) -> String {
    let outcomes = || played.iter().flat_map(|file| &file.outcomes);
    let passed = outcomes().filter(|outcome| outcome.result() == TestResult::Passed).count();
    let mut html = format!("<h1>Scenarios</h1>\n<p>{passed} of {} passed.</p>\n", outcomes().count());
    for (number, file) in (1..).zip(played) {
        let (topology, path) = (escape(&file.topology), escape(&file.path.display().to_string()));
        html.extend([format!("<h2>{topology} <span class=\"soft\">{path}</span></h2>\n<table>\n")]);
        for (place, outcome) in (1..).zip(&file.outcomes) {
            let (result, title) = (outcome.result().as_str(), escape(&outcome.title));
            let name = file_name(number, file, place);
            html.extend([format!(
                "<tr><td class=\"result {result}\">{result}</td><td><a href=\"{name}\">{title}</a></td></tr>\n"
            )]);
        }
        html += "</table>\n";
    }
    html
}
