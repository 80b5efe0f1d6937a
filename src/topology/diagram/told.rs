//! What a picture tells of the steps beside their definition.

use super::count::{Count, Counts};
use super::way::Way;
use crate::processor::flow::{Graph, StepId};

/// What is told of the steps.
#[derive(Clone, Copy)]
pub(super) enum Told<'a> {
    /// The flows at each.
    Counts(&'a Counts),
    /// The way of one flow.
    Way(&'a Way),
}

impl Told<'_> {
    /// What is told of a step, in words.
    pub(super) fn words(self, id: StepId) -> Option<String> {
        match self {
            Self::Counts(counts) => counts.get(&id).map(Count::words),
            Self::Way(way) => way.get(id).map(|passed| passed.words.clone()),
        }
    }

    /// The badges of a step: their classes and words.
    pub(super) fn badges(self, graph: &Graph, id: StepId) -> Vec<(&'static str, String)> {
        match self {
            Self::Counts(counts) => {
                let Count { waiting, held, failed } = counts.get(&id).copied().unwrap_or_default();
                let all = [("waiting", waiting), ("held", held), ("failed", failed)];
                let some = all.into_iter().filter(|(_, count)| *count > 0);
                some.map(|(class, count)| (class, shortened(count))).collect()
            }
            Self::Way(way) => {
                let mark = way.mark(graph, id);
                let attempt = way.get(id).map_or(0, |passed| passed.attempt);
                let tries = if attempt > 1 { format!(" {}×", shortened(attempt)) } else { String::new() };
                let badge = (mark.as_str(), format!("{}{tries}", mark.sign()));
                Some(badge).filter(|_| !mark.sign().is_empty()).into_iter().collect()
            }
        }
    }

    /// The class of a step, and what has become of it on the way of a flow.
    pub(super) fn class(self, own: &str, graph: &Graph, id: StepId) -> String {
        let mark = match self {
            Self::Counts(_) => "",
            Self::Way(way) => way.mark(graph, id).as_str(),
        };
        if own.is_empty() || mark.is_empty() { format!("{own}{mark}") } else { format!("{own} {mark}") }
    }

    /// The class of what the way has come to, or not.
    pub(super) fn reached(self, is: impl FnOnce(&Way) -> bool) -> &'static str {
        match self {
            Self::Counts(_) => "",
            Self::Way(way) if is(way) => " taken",
            Self::Way(_) => " ahead",
        }
    }
}

/// A number of at most four characters.
fn shortened(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..1_000_000 => format!("{}k", count / 1_000),
        1_000_000..1_000_000_000 => format!("{}M", count / 1_000_000),
        1_000_000_000.. => format!("{}G", count / 1_000_000_000),
    }
}
