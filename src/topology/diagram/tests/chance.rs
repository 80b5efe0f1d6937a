//! Flows by chance, from a seed.

use std::time::Duration;

use fastrand::Rng;

use crate::processor::flow::{Action, Definition, Form, Graph, Kind, Owner, ScopeId, Step, StepId, Task, Trouble};
use crate::template::Expression;

/// The depth of stages, handlers and undos in each other.
const DEPTH_MAX: u32 = 3;

/// A flow of steps of all kinds, with needs, conditions, handlers and undos, in each other.
pub(super) fn definition(seed: u64) -> Definition {
    let mut chance = Chance { rng: Rng::with_seed(seed), definition: Definition::new("chance", Form::Steps, "chance") };
    chance.scope(Graph::ROOT, None, 0);
    chance.definition
}

struct Chance {
    rng: Rng,
    definition: Definition,
}

impl Chance {
    fn is(&mut self, percent: u8) -> bool {
        self.rng.u8(0..100) < percent
    }

    /// Fills a scope. `handled` is the step whose trouble is handled in it.
    fn scope(&mut self, scope: ScopeId, handled: Option<StepId>, depth: u32) {
        let count = self.rng.usize(0..=if depth == 0 { 7 } else { 4 });
        let mut steps: Vec<StepId> = Vec::new();
        for _ in 0..count {
            let id = self.step(scope, handled, depth);
            let needs: Vec<StepId> = steps.iter().copied().filter(|_| self.rng.u8(0..100) < 35).collect();
            self.definition.graph.step_mut(id).needs = needs;
            steps.push(id);
        }
    }

    fn step(&mut self, scope: ScopeId, handled: Option<StepId>, depth: u32) -> StepId {
        let id = self.definition.graph.next_step();
        let name = format!("step {} {}", id.0, "<&\"'\u{1}".repeat(self.rng.usize(0..3)));
        let kind = match (self.rng.u8(0..10), handled) {
            (0, _) => Kind::Once,
            (1, _) => Kind::Sleep(Duration::from_millis(self.rng.u64(0..1_000_000_000))),
            (2, _) => Kind::Undo,
            (3, _) => Kind::Fail("no reason".into()),
            (4, Some(target)) => Kind::Rerun(target),
            (5 | 6, _) if depth < DEPTH_MAX => Kind::Scope(self.definition.graph.add_scope(Owner::Step(id))),
            _ => Kind::Request,
        };
        let stage = if let Kind::Scope(stage) = kind { Some(stage) } else { None };
        self.definition.graph.add_step(Step::new(name, scope, kind));
        if self.is(50) {
            let is_human = self.is(50);
            let role = self.is(50).then(|| "captain".into());
            let task = Task { queue: "queue".into(), role, is_human, extras: Vec::new(), input: None, form: None };
            self.definition.set_action(id, Action::Task(task));
        }
        if self.is(20) {
            self.definition.set_condition(id, Expression::compile("a < b").unwrap());
        }
        if let Some(stage) = stage {
            self.scope(stage, handled, depth + 1);
        }
        for trouble in Trouble::ALL {
            if depth < DEPTH_MAX && self.is(15) {
                let lane = self.definition.graph.add_scope(Owner::Handler(id, trouble));
                self.definition.graph.step_mut(id).handlers.push((trouble, lane));
                self.scope(lane, Some(id), depth + 1);
            }
        }
        if depth < DEPTH_MAX && self.is(15) {
            let undo = self.definition.graph.add_scope(Owner::Undo(id));
            self.definition.graph.step_mut(id).undo = Some(undo);
            self.scope(undo, None, depth + 1);
        }
        id
    }
}
