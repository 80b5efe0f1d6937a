//! A scope as a block: its steps in columns, and the lines between them.

use std::collections::BTreeMap;

use super::block::{Block, Unit};
use super::element::{Element, Point, pixels};
use super::grid::{Grid, Item, Link, Target};
use super::style::Style;
use crate::processor::flow::{Graph, ScopeId, StepId};

/// How a scope is laid out.
#[derive(Clone, Copy)]
pub(super) struct Plan<'a> {
    pub graph: &'a Graph,
    pub style: &'a Style,
    /// Lays out a step to which as many lines lead, and from which as many come.
    pub unit: &'a dyn Fn(StepId, usize, usize) -> Unit,
}

/// What stands before and behind a scope's steps.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ends {
    /// From where its lines come.
    pub begin: Option<Element>,
    /// Where its lines end.
    pub finish: Option<Element>,
    /// True if they belong to the block; otherwise lines begin and end at its edges.
    pub is_drawn: bool,
}

impl Ends {
    /// A start and an end of its own.
    pub(super) const fn drawn(scope: ScopeId) -> Self {
        Self { begin: Some(Element::Begin(scope)), finish: Some(Element::Finish(scope)), is_drawn: true }
    }
}

/// The height of a row that has lines only.
const PASS: i32 = 8;

/// The most lines that go up or down in a gap beside each other; more of them stand on each other.
const TURNS_MAX: i32 = 40;

/// The end of a line: what stands there, and where.
type End = (Element, Point);

/// A scope that becomes a block from left to right.
struct Track<'a> {
    plan: Plan<'a>,
    scope: ScopeId,
    ends: &'a Ends,
    grid: Grid,
    /// The height of the line through each row.
    axes: Vec<i32>,
    block: Block,
    /// The right end of what is placed.
    x: i32,
    /// Where lines to each step end, and where those from it begin.
    steps: BTreeMap<StepId, (End, End)>,
    /// The right end of each column, and the width of the gap behind it.
    gaps: Vec<(i32, i32)>,
}

/// A scope with what stands before and behind its steps.
pub(super) fn scope(plan: Plan<'_>, scope: ScopeId, ends: &Ends) -> Block {
    let grid = Grid::new(plan.graph, scope, ends.finish.is_some());
    let units = units(plan, &grid, ends.begin.is_some());
    let (axes, height) = axes(plan, &grid, &units, ends.is_drawn);
    let at = |row: usize| axes.get(row).copied().unwrap_or(0);
    let block = Block { height, begin: at(grid.begin), end: at(grid.end), ..Block::default() };
    let mut track = Track { plan, scope, ends, grid, axes, block, x: 0, steps: BTreeMap::new(), gaps: Vec::new() };
    let source = track.open();
    track.place(units);
    let sink = track.close();
    track.lines(source, sink);
    track.block.width = track.x;
    track.block
}

/// The steps with their gateways and lanes.
fn units(plan: Plan<'_>, grid: &Grid, has_begin: bool) -> BTreeMap<StepId, Unit> {
    let steps = grid.columns.iter().flatten().filter_map(|(item, _)| match item {
        Item::Step(id) => Some(*id),
        Item::Pass(_, _) => None,
    });
    let mut incoming: BTreeMap<StepId, usize> = BTreeMap::new();
    let mut outgoing: BTreeMap<StepId, usize> = BTreeMap::new();
    for Link { from, to } in &grid.links {
        *outgoing.entry(*from).or_default() += 1;
        if let Target::Step(id) = to {
            *incoming.entry(*id).or_default() += 1;
        }
    }
    if has_begin {
        grid.firsts.iter().for_each(|id| *incoming.entry(*id).or_default() += 1);
    }
    let count = |counts: &BTreeMap<StepId, usize>, id: StepId| counts.get(&id).copied().unwrap_or(0);
    steps.map(|id| (id, (plan.unit)(id, count(&incoming, id), count(&outgoing, id)))).collect()
}

/// The height of the line through each row, and that of all rows. An item stands as high as those above it in its column allow.
fn axes(plan: Plan<'_>, grid: &Grid, units: &BTreeMap<StepId, Unit>, is_drawn: bool) -> (Vec<i32>, i32) {
    let style = plan.style;
    let rows = grid.columns.iter().flatten().map(|(_, row)| row + 1).max().unwrap_or(1);
    let event = style.event.max(style.gate.unwrap_or(0)) / 2;
    let extent = |item: &Item| match item {
        Item::Step(id) => units.get(id).map_or((PASS, PASS), |unit| (unit.axis, unit.block.height - unit.axis)),
        Item::Pass(_, _) => (PASS, PASS),
    };
    // The bottom of each column so far; the start and the end are columns too.
    let mut bottoms: Vec<Option<i32>> = vec![None; grid.columns.len() + 2];
    let ends = if is_drawn { (event, event + style.below) } else { (style.gate.unwrap_or(0) / 2, PASS) };
    let mut axes: Vec<i32> = Vec::with_capacity(rows);
    for row in 0..rows {
        let items = grid.columns.iter().map(|column| column.iter().find(|(_, other)| *other == row));
        let items = items.map(|found| found.map(|(item, _)| extent(item)));
        let around = [grid.begin, grid.end].map(|at| (at == row).then_some(ends));
        let extents: Vec<Option<(i32, i32)>> = items.chain(around).collect();
        let needed = extents.iter().zip(&bottoms).filter_map(|(extent, bottom)| {
            let (above, _) = (*extent)?;
            Some(bottom.map_or(above, |bottom| bottom + style.row_gap + above))
        });
        let below_others = axes.last().map_or(0, |above| above + 2 * PASS);
        let line = needed.max().unwrap_or(0).max(below_others);
        for (extent, bottom) in extents.iter().zip(&mut bottoms) {
            if let Some((_, below)) = extent {
                *bottom = Some(line + below);
            }
        }
        axes.push(line);
    }
    (axes, bottoms.into_iter().flatten().max().unwrap_or(0))
}

impl Track<'_> {
    fn axis(&self, row: usize) -> i32 {
        self.axes.get(row).copied().unwrap_or(0)
    }

    /// Places what stands before the steps. Returns from where their lines come.
    fn open(&mut self) -> Option<End> {
        let (style, y) = (self.plan.style, self.block.begin);
        let begin = self.ends.begin?;
        let mut source = (begin, Point::new(0, y));
        if self.ends.is_drawn {
            self.block.put(begin, Point::new(style.event / 2, y), style.event);
            source.1.x = style.event;
            self.x = style.event;
        }
        if let (true, Some(gate)) = (self.grid.firsts.len() > 1, style.gate) {
            self.x += style.gap / 2;
            let split = Element::Split(self.scope);
            self.block.put(split, Point::new(self.x + gate / 2, y), gate);
            self.block.link(begin, split, vec![source.1, Point::new(self.x, y)]);
            self.x += gate;
            source = (split, Point::new(self.x, y));
        }
        Some(source)
    }

    /// Places the columns.
    fn place(&mut self, mut units: BTreeMap<StepId, Unit>) {
        let gap = self.plan.style.gap;
        let columns = self.grid.columns.clone();
        if self.ends.begin.is_some() {
            self.x += if self.grid.firsts.len() > 1 || self.ends.is_drawn { gap } else { gap / 2 };
        }
        for (column, items) in columns.iter().enumerate() {
            if column > 0 {
                self.x += self.gaps.last().map_or(gap, |(_, gap)| *gap);
            }
            let of = |item: &Item| if let Item::Step(id) = item { units.get(id) } else { None };
            let width = items.iter().filter_map(|(item, _)| of(item)).map(|unit| unit.block.width).max().unwrap_or(0);
            for (item, row) in items {
                let Item::Step(id) = item else { continue };
                let Some(Unit { block, axis, first, last }) = units.remove(id) else { continue };
                let (x, y) = (self.x + (width - block.width) / 2, self.axis(*row));
                let end = |(element, at): (Element, i32)| (element, Point::new(x + at, y));
                self.steps.insert(*id, (end(first), end(last)));
                self.block.take(block, x, y - axis);
            }
            self.x += width;
            // Each line that goes up or down has a place of its own in the gap.
            self.gaps.push((self.x, gap + 6 * pixels(items.len().saturating_sub(1)).min(TURNS_MAX)));
        }
    }

    /// Places what stands behind the steps. Returns where their lines end.
    fn close(&mut self) -> Option<End> {
        let (style, y) = (self.plan.style, self.block.end);
        let finish = self.ends.finish?;
        if let Some((_, gap)) = self.gaps.last() {
            let is_straight = !self.ends.is_drawn && self.grid.exits.len() < 2;
            self.x += if is_straight { gap / 2 } else { *gap };
        }
        let mut sink = (finish, Point::new(self.x, y));
        if let (true, Some(gate)) = (self.grid.exits.len() > 1, style.gate) {
            let gather = Element::Gather(self.scope);
            sink = (gather, Point::new(self.x, y));
            self.block.put(gather, Point::new(self.x + gate / 2, y), gate);
            let left = self.x + gate;
            self.x = left + if self.ends.is_drawn { style.gap / 2 } else { 0 };
            self.block.link(gather, finish, vec![Point::new(left, y), Point::new(self.x, y)]);
        }
        if self.ends.is_drawn {
            self.block.put(finish, Point::new(self.x + style.event / 2, y), style.event);
            self.x += style.event;
        }
        Some(sink)
    }

    /// Draws the lines.
    fn lines(&mut self, source: Option<End>, sink: Option<End>) {
        if let Some((from, start)) = source {
            let left = self.grid.columns.is_empty().then_some(sink).flatten();
            let firsts = self.grid.firsts.iter().filter_map(|id| self.steps.get(id)).map(|(first, _)| *first);
            let targets: Vec<End> = firsts.chain(left).collect();
            for (to, end) in targets {
                let turn = start.x + self.plan.style.gap / 2;
                self.block.link(from, to, bent(vec![start], turn, end));
            }
        }
        for link in self.grid.links.clone() {
            let end = match link.to {
                Target::Step(id) => self.steps.get(&id).map(|(first, _)| *first),
                Target::End => sink,
            };
            let (Some((_, (from, start))), Some((to, end))) = (self.steps.get(&link.from), end) else { continue };
            let mut path = vec![*start];
            let passed = self.grid.passed(link);
            for (index, (column, row)) in passed.iter().enumerate() {
                let y = passed.get(index + 1).map_or(end.y, |(_, row)| self.axis(*row));
                path = bent(path, self.turn(*column, *row, y > self.axis(*row)), Point::new(end.x, y));
                if index + 1 < passed.len() {
                    path.pop();
                }
            }
            path.push(end);
            path.dedup();
            self.block.link(*from, to, path);
        }
    }

    /// Where lines of a row turn up or down behind a column. Of two rows from which lines go down, the lower turns first, so that
    /// a line that comes down into its row does not run on it; likewise upwards.
    fn turn(&self, column: usize, row: usize, is_down: bool) -> i32 {
        let (right, gap) = self.gaps.get(column).copied().unwrap_or_default();
        let items = self.grid.columns.get(column).map(Vec::as_slice).unwrap_or_default();
        let index = items.iter().position(|(_, other)| *other == row).unwrap_or(0);
        let slot = if is_down { items.len() - index } else { items.len() + 1 + index };
        right + gap * pixels(slot) / pixels(2 * items.len() + 1)
    }
}

/// A path that goes on to a point, with two corners if that is higher or lower.
fn bent(mut path: Vec<Point>, turn: i32, end: Point) -> Vec<Point> {
    let y = path.last().map_or(end.y, |point| point.y);
    if y != end.y {
        path.extend([Point::new(turn, y), Point::new(turn, end.y)]);
    }
    path.push(end);
    path
}
