//! The page of a scenario: its events on a timeline, each with what it led to.

use super::super::diff::{DiffKind, diff, first_line};
use super::super::json;
use super::super::outcome::{Moment, Outcome, Played, StepOutcome, TestResult};
use super::{axis, entry, escape};
use crate::testing::golden::hours;

/// The body of the page.
pub(super) fn body(file: &Played, outcome: &Outcome) -> String {
    let result = outcome.result().as_str();
    let (title, description) = (escape(&outcome.title), escape(&outcome.description));
    let (path, line) = (escape(&file.path.display().to_string()), outcome.line);
    let (topology, diagram) = (escape(&file.topology), escape(&file.diagram));
    let mut html = format!(
        "<nav><a href=\"index.html\">All scenarios</a></nav>\n<header>\n<h1>{title}</h1>\n<p>{description}</p>\n\
         <p class=\"soft\"><span class=\"result {result}\">{result}</span> · topology {topology} · {path}:{line}</p>\n</header>\n"
    );
    html += &axis::axis(outcome);
    outcome.ends.iter().for_each(|end| html += &entry::way(end));
    html += "<main>\n<ol class=\"timeline\">\n";
    let mut number = 0;
    for step in &outcome.steps {
        for moment in &step.moments {
            number += 1;
            html += &event(number, moment);
        }
        if outcome.result() == TestResult::Failed {
            html += &difference(step);
        }
    }
    html += "</ol>\n";
    if let Some((line, message)) = &outcome.failure {
        html.extend([format!("<p class=\"failed\">line {line}: {}</p>\n", escape(message))]);
    }
    html += &entry::entries(&outcome.ends);
    html + &format!("</main>\n<h2>The topology</h2>\n<pre class=\"diagram\">{diagram}</pre>\n")
}

/// An event with what it led to.
fn event(number: usize, moment: &Moment) -> String {
    let (class, cause) = match &moment.command {
        Some(command) => ("event", with_object(command)),
        None => ("due", "timers are due".to_owned()),
    };
    let (time, effects) = (hours(moment.at), effects(&moment.lines));
    format!(
        "<li class=\"{class}\" id=\"m{number}\">\n<div class=\"time\">{time}</div>\n<div class=\"card\">\n\
         <div class=\"cause\">{cause}</div>\n{effects}</div>\n</li>\n"
    )
}

/// The effects; lines that are indented belong to the one above.
fn effects(lines: &[String]) -> String {
    let mut html = String::from("<ul class=\"effects\">\n");
    let mut lines = lines.iter().peekable();
    if lines.peek().is_none() {
        html += "<li><span class=\"kind\"></span><div class=\"soft\">nothing</div></li>\n";
    }
    while let Some(line) = lines.next() {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (kind, text) = (escape(kind), with_object(rest.trim_start()));
        html.extend([format!("<li><span class=\"kind {kind}\">{kind}</span><div>{text}")]);
        let mut below = Vec::new();
        while let Some(more) = lines.next_if(|line| line.starts_with(' ')) {
            let more = more.strip_prefix("        ").unwrap_or(more);
            below.extend(json::pretty(more).unwrap_or_else(|| vec![more.to_owned()]));
        }
        if !below.is_empty() {
            html.extend([format!("<pre>{}</pre>", escape(&below.join("\n")))]);
        }
        html += "</div></li>\n";
    }
    html + "</ul>\n"
}

/// A line; an object at its end stands below it.
fn with_object(line: &str) -> String {
    match json::tail(line) {
        Some((head, object)) => format!("<code>{}</code><pre>{}</pre>", escape(head), escape(&object.join("\n"))),
        None => format!("<code>{}</code>", escape(line)),
    }
}

/// What is expected of a step and did not happen, and the other way round; empty if there is nothing.
fn difference(step: &StepOutcome) -> String {
    if !step.is_different() {
        return String::new();
    }
    let mut html = format!(
        "<li><div class=\"time failed\">line {}</div><div class=\"difference\"><span class=\"minus\">- is expected</span>, \
         <span class=\"plus\">+ happens</span><pre>",
        first_line(step)
    );
    for line in diff(step) {
        let text = escape(&line.text);
        html.extend([match line.kind {
            DiffKind::Same => format!("  {text}\n"),
            DiffKind::Expected => format!("<span class=\"minus\">- {text}</span>\n"),
            DiffKind::Happened => format!("<span class=\"plus\">+ {text}</span>\n"),
            DiffKind::Gap => "  ⋮\n".to_owned(),
        }]);
    }
    html + "</pre></div></li>\n"
}
