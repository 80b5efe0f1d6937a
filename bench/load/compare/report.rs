//! Medians, spread and ratios of all runs, as tables that a page can show.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::contender::Contender;
use super::run::Run;
use super::target::{TARGETS, Target};

/// The runs with correct outputs.
pub(crate) struct Report<'a>(Vec<&'a Run>);

/// The median of some figures, with their least and greatest.
#[derive(Clone, Copy, Debug)]
struct Spread {
    median: f64,
    low: f64,
    high: f64,
}

impl<'a> Report<'a> {
    pub(crate) fn new(runs: &'a [Run]) -> Self {
        Self(runs.iter().filter(|run| run.wrong.is_none()).collect())
    }

    /// The targets with the measured values.
    pub(crate) fn targets(&self) -> String {
        let mut table = "| figure | sheaf | Kafka Streams | its settings | ratio | at least | aim | |\n\
                         |---|---|---|---|---|---|---|---|\n"
            .to_owned();
        for target in &TARGETS {
            if let Some(line) = self.target(target) {
                table.push_str(&line);
            }
        }
        table
    }

    fn target(&self, target: &Target) -> Option<String> {
        let ours = self.spread(target.phase, Contender::Sheaf.name(), target.figure)?;
        let Target { what, at_least, aim, .. } = target;
        let Some(against) = target.against else {
            let word = verdict(at_least / ours.median, aim / ours.median);
            return Some(format!("| {what} | {} | | | | below {at_least} | {aim} | {word} |\n", ours.text()));
        };
        let theirs = self.spread(target.phase, against.name(), target.figure)?;
        let ratio = theirs.median / ours.median;
        let settings = if against == Contender::Peer { "default" } else { "commit every 5 ms" };
        let word = verdict(ratio / at_least, ratio / aim);
        Some(format!(
            "| {what} | {} | {} | {settings} | {ratio:.2} | {at_least} | {aim} | {word} |\n",
            ours.text(),
            theirs.text()
        ))
    }

    /// Every figure of every contender.
    pub(crate) fn figures(&self) -> String {
        let mut text = String::new();
        for phase in distinct(self.0.iter().map(|run| run.phase)) {
            let of_phase = || self.0.iter().filter(|run| run.phase == phase);
            let contenders = distinct(of_phase().map(|run| run.contender));
            let (Ok(()) | Err(_)) =
                writeln!(text, "\n| {phase} | {} |\n|---|{}", contenders.join(" | "), "---|".repeat(contenders.len()));
            for figure in distinct(of_phase().flat_map(|run| run.figures.keys().map(String::as_str))) {
                let cell = |contender| self.spread(phase, contender, figure).map_or("-".to_owned(), Spread::text);
                let cells: Vec<String> = contenders.iter().copied().map(cell).collect();
                let (Ok(()) | Err(_)) = writeln!(text, "| {figure} | {} |", cells.join(" | "));
            }
        }
        text
    }

    /// The medians as JSON.
    pub(crate) fn medians(&self) -> Value {
        let mut rows = Vec::new();
        for run in &self.0 {
            for figure in run.figures.keys() {
                let Some(spread) = self.spread(run.phase, run.contender, figure) else { continue };
                let row = json!({
                    "phase": run.phase, "contender": run.contender, "figure": figure,
                    "median": spread.median, "low": spread.low, "high": spread.high,
                });
                if !rows.contains(&row) {
                    rows.push(row);
                }
            }
        }
        Value::Array(rows)
    }

    fn spread(&self, phase: &str, contender: &str, figure: &str) -> Option<Spread> {
        let runs = self.0.iter().filter(|run| run.phase == phase && run.contender == contender);
        let mut values: Vec<f64> = runs.filter_map(|run| run.figures.get(figure).copied()).collect();
        values.sort_by(f64::total_cmp);
        let (low, high) = (*values.first()?, *values.last()?);
        let (before, after) = (values.get((values.len() - 1) / 2)?, values.get(values.len() / 2)?);
        Some(Spread { median: f64::midpoint(*before, *after), low, high })
    }
}

impl Spread {
    /// The median, the least and the greatest as text.
    fn text(self) -> String {
        let places = if self.median >= 100.0 {
            0
        } else if self.median >= 10.0 {
            1
        } else {
            2
        };
        let Self { median, low, high } = self;
        if (high - low).abs() < f64::EPSILON {
            format!("{median:.places$}")
        } else {
            format!("{median:.places$} ({low:.places$} to {high:.places$})")
        }
    }
}

/// A word for a figure, from how many times the target and the aim it is.
fn verdict(target: f64, aim: f64) -> &'static str {
    if aim >= 1.0 {
        "aim reached"
    } else if target >= 1.0 {
        "reached"
    } else {
        "**missed**"
    }
}

/// Each once, in the order of their first occurrence.
fn distinct<'a>(all: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut once = Vec::new();
    for one in all {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}
