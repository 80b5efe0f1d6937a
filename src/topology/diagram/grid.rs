//! The places of a scope's steps: a column by the longest way to it, a row of its own in its column.

use std::collections::{BTreeMap, BTreeSet};

use super::element::{exits, has_exit};
use crate::processor::flow::{Graph, ScopeId, StepId};

/// The end of a line within a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Step(StepId),
    /// The end of the scope.
    End,
}

/// What has a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Item {
    Step(StepId),
    /// A line that passes the column.
    Pass(StepId, Target),
}

/// A line within a scope.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub from: StepId,
    pub to: Target,
}

/// The places of a scope's steps and of the lines between them.
#[derive(Debug)]
pub(super) struct Grid {
    /// The items of each column with their rows, which increase.
    pub columns: Vec<Vec<(Item, usize)>>,
    /// The lines.
    pub links: Vec<Link>,
    /// The steps that begin when the scope opens.
    pub firsts: Vec<StepId>,
    /// The steps behind which the scope ends.
    pub exits: Vec<StepId>,
    /// The row of the start.
    pub begin: usize,
    /// The row of the end.
    pub end: usize,
}

impl Grid {
    /// The places of a scope. Lines lead to its end only if it is drawn.
    pub(super) fn new(graph: &Graph, scope: ScopeId, has_end: bool) -> Self {
        let steps = &graph.scope(scope).steps;
        let needs = |id: StepId| graph.step(id).needs.iter().copied().filter(|need| steps.contains(need));
        let depths = depths(graph, steps);
        let depth = |id: StepId| depths.get(&id).copied().unwrap_or_default();
        let width = depths.values().max().map_or(0, |deepest| deepest + 1);

        let mut links: Vec<Link> = Vec::new();
        for id in steps {
            let needed: BTreeSet<StepId> = needs(*id).filter(|need| has_exit(graph, *need)).collect();
            links.extend(needed.into_iter().map(|from| Link { from, to: Target::Step(*id) }));
        }
        let exits = exits(graph, scope);
        if has_end {
            links.extend(exits.iter().map(|from| Link { from: *from, to: Target::End }));
        }
        let mut columns: Vec<Vec<Item>> = vec![Vec::new(); width];
        for id in steps {
            columns.get_mut(depth(*id)).into_iter().for_each(|column| column.push(Item::Step(*id)));
        }
        for Link { from, to } in &links {
            let end = if let Target::Step(id) = to { depth(*id) } else { width };
            let passed = columns.iter_mut().take(end).skip(depth(*from) + 1);
            passed.for_each(|column| column.push(Item::Pass(*from, *to)));
        }
        let columns = rows(graph, columns);
        let row = |id: StepId| columns.get(depth(id)).and_then(|column| row_of(column, Item::Step(id)));
        let firsts: Vec<StepId> = steps.iter().copied().filter(|id| needs(*id).next().is_none()).collect();
        let begin = mean(firsts.iter().filter_map(|id| row(*id)));
        let last = columns.last().map(Vec::as_slice).unwrap_or_default();
        let ends = |item: Item| match item {
            Item::Step(id) => exits.contains(&id),
            Item::Pass(_, target) => target == Target::End,
        };
        let end = mean(last.iter().filter(|(item, _)| ends(*item)).map(|(_, row)| *row));
        Self { columns, links, firsts, exits, begin, end }
    }

    /// The columns that a line passes, with its row there, from its start on.
    pub(super) fn passed(&self, link: Link) -> Vec<(usize, usize)> {
        let is_on = |item: Item| item == Item::Step(link.from) || item == Item::Pass(link.from, link.to);
        let columns = self.columns.iter().enumerate();
        let found =
            columns.filter_map(|(index, column)| Some((index, column.iter().find(|(item, _)| is_on(*item))?.1)));
        found.collect()
    }
}

/// The longest way to each step. A circle, which definitions do not have, ends where it is found.
fn depths(graph: &Graph, steps: &[StepId]) -> BTreeMap<StepId, usize> {
    let mut depths: BTreeMap<StepId, usize> = steps.iter().map(|id| (*id, 0)).collect();
    for _ in steps {
        let mut has_changed = false;
        for id in steps {
            let needed = graph.step(*id).needs.iter().filter_map(|need| depths.get(need)).max();
            let depth = needed.map_or(0, |deepest| deepest + 1).min(steps.len());
            has_changed |= depths.insert(*id, depth) != Some(depth);
        }
        if !has_changed {
            break;
        }
    }
    depths
}

/// Gives the items of each column rows, near to those of what stands before them.
fn rows(graph: &Graph, columns: Vec<Vec<Item>>) -> Vec<Vec<(Item, usize)>> {
    let mut placed: Vec<Vec<(Item, usize)>> = Vec::new();
    for column in columns {
        let before = placed.last().map(Vec::as_slice).unwrap_or_default();
        let wanted = |item: Item| match item {
            Item::Pass(from, to) => row_of(before, Item::Pass(from, to)).or_else(|| row_of(before, Item::Step(from))),
            Item::Step(id) => {
                let needs = &graph.step(id).needs;
                let passed = |need: StepId| row_of(before, Item::Pass(need, Target::Step(id)));
                let rows = needs.iter().filter_map(|need| row_of(before, Item::Step(*need)).or_else(|| passed(*need)));
                Some(mean(rows))
            }
        };
        let mut sorted: Vec<(usize, Item)> = column.into_iter().map(|it| (wanted(it).unwrap_or(0), it)).collect();
        // A line that passes stays in its row.
        sorted.sort_by_key(|(row, item)| (*row, matches!(item, Item::Step(_))));
        let mut free = 0;
        let mut take = |(row, item): (usize, Item)| {
            let row = row.max(free);
            free = row + 1;
            (item, row)
        };
        placed.push(sorted.into_iter().map(&mut take).collect());
    }
    placed
}

fn row_of(column: &[(Item, usize)], item: Item) -> Option<usize> {
    column.iter().find(|(other, _)| *other == item).map(|(_, row)| *row)
}

fn mean(rows: impl Iterator<Item = usize>) -> usize {
    let rows: Vec<usize> = rows.collect();
    rows.iter().sum::<usize>().checked_div(rows.len()).unwrap_or(0)
}
