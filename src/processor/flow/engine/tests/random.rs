//! Random graphs with random inputs, by fixed seeds: what holds for all of them.

use super::super::Next;
use super::*;

/// The runs, each with a graph and inputs of its own.
const RUNS: u64 = 3_000;
const INPUTS: usize = 60;
const STEPS: usize = 40;
/// More calls than the reruns of a graph can cause: a flow that does not settle is found, and not waited for.
const CALLS_MAX: u32 = 2_000_000;

/// Begins, conditions and their failures by chance.
struct Chance {
    random: fastrand::Rng,
    /// True: every step can begin, and every condition can be judged.
    is_kind: bool,
    begun: BTreeSet<(StepId, u32)>,
    calls: u32,
    /// Of the latest input.
    begun_now: Vec<StepId>,
    reset_now: BTreeSet<StepId>,
}

impl Chance {
    fn new(seed: u64, is_kind: bool) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        Self { random, is_kind, begun: BTreeSet::new(), calls: 0, begun_now: Vec::new(), reset_now: BTreeSet::new() }
    }

    fn count(&mut self) {
        self.calls += 1;
        assert!(self.calls < CALLS_MAX, "the flow does not settle");
    }
}

impl Actions for Chance {
    fn holds(&mut self, _: StepId) -> Result<bool, String> {
        self.count();
        match self.random.u8(0..20) {
            0 if !self.is_kind => Err("it cannot be judged".to_owned()),
            1..6 => Ok(false),
            _ => Ok(true),
        }
    }

    fn begin(&mut self, step: StepId, Begun { attempt, .. }: Begun) -> Result<(), String> {
        self.count();
        assert!(self.begun.insert((step, attempt)), "attempt {attempt} of step {} has begun twice", step.0);
        if !self.is_kind && self.random.u8(0..15) == 0 {
            return Err("it cannot begin".to_owned());
        }
        self.begun_now.push(step);
        Ok(())
    }

    fn tell(&mut self, step: StepId, happened: Happened) {
        self.count();
        if happened == Happened::Reset {
            self.reset_now.insert(step);
        }
    }
}

/// Fills a scope with steps. `handled` is the step in whose handler it is.
fn fill(graph: &mut Graph, scope: ScopeId, (depth, handled): (u8, Option<StepId>), random: &mut fastrand::Rng) {
    let mut earlier: Vec<StepId> = Vec::new();
    for _ in 0..random.usize(0..5) {
        if graph.len() >= STEPS {
            return;
        }
        let id = graph.next_step();
        let kind = match (random.u8(0..20), handled) {
            (0..3, Some(handled)) => Kind::Rerun(handled),
            (0..3, None) | (3, _) => Kind::Once,
            (4, _) => Kind::Sleep(Duration::from_secs(random.u64(0..90))),
            (5..8, _) if depth < 3 => Kind::Scope(graph.add_scope(Owner::Step(id))),
            (8, _) => Kind::Undo,
            (9, _) if random.bool() => Kind::Fail("so it is".into()),
            _ => Kind::Request,
        };
        let mut step = Step::new(format!("s{}", id.0), scope, kind.clone());
        step.needs = earlier.iter().copied().filter(|_| random.u8(0..3) == 0).collect();
        step.has_condition = random.u8(0..5) == 0;
        if kind == Kind::Request {
            step.retry = Retry { tries: random.u32(1..4), delay: Duration::from_secs(random.u64(0..30)) };
            step.within = (random.u8(0..4) == 0).then(|| Duration::from_secs(random.u64(1..200)));
            step.remind_after = (random.u8(0..4) == 0).then(|| Duration::from_secs(random.u64(1..200)));
        }
        let id = graph.add_step(step);
        earlier.push(id);
        if let Kind::Scope(inner) = kind {
            fill(graph, inner, (depth + 1, handled), random);
        }
        if depth < 3 && matches!(kind, Kind::Request | Kind::Once) {
            for trouble in Trouble::ALL.into_iter().filter(|_| random.u8(0..6) == 0).collect::<Vec<_>>() {
                let inner = graph.add_scope(Owner::Handler(id, trouble));
                graph.step_mut(id).handlers.push((trouble, inner));
                fill(graph, inner, (depth + 1, Some(id)), random);
            }
        }
        if depth < 3 && random.u8(0..5) == 0 {
            let inner = graph.add_scope(Owner::Undo(id));
            graph.step_mut(id).undo = Some(inner);
            fill(graph, inner, (depth + 1, None), random);
        }
    }
}

/// A flow with a random graph.
struct Case {
    graph: Graph,
    progress: Progress,
    chance: Chance,
    now: Timestamp,
}

impl Case {
    fn new(seed: u64, is_kind: bool) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut graph = Graph::default();
        fill(&mut graph, Graph::ROOT, (0, None), &mut random);
        let now = Timestamp::from_millis(0);
        Self { progress: Progress::new(&graph, now), graph, chance: Chance::new(seed, is_kind), now }
    }

    /// Runs the engine, and checks what holds after every input.
    fn run(&mut self, rerun: Option<StepId>, run: impl FnOnce(&mut Engine<'_, Chance>) -> Result<(), Ignored>) {
        let before = self.progress.clone();
        self.chance.begun_now.clear();
        self.chance.reset_now.clear();
        let done = run(&mut Engine::new(&self.graph, &mut self.progress, self.now, &mut self.chance));
        if done.is_err() || (before.ending.is_some() && rerun.is_none()) {
            assert!(self.progress == before, "what is ignored, and what comes after the end, changes nothing");
            assert!(self.chance.begun_now.is_empty() && self.chance.reset_now.is_empty());
        }
        let was_reset = |id: StepId| self.chance.reset_now.contains(&id);
        // The next try of a step that has begun asks for no needs: a person may have rerun them alone.
        let is_retry = |id: StepId| before.status(id) == Status::Resting && !was_reset(id);
        for id in self.chance.begun_now.iter().filter(|id| !is_retry(**id)) {
            for need in &self.graph.step(*id).needs {
                // An undo of the same input may have come after it.
                let status = self.progress.status(*need);
                let was_over = status.is_over() || status == Status::Undoing || was_reset(*need);
                assert!(was_over, "{} needs {}, which is {status:?}", id.0, need.0);
            }
            for owner in self.graph.owners(*id) {
                let is_open = self.progress.status(owner) != Status::Waiting || was_reset(owner);
                assert!(is_open, "{} has begun in {}", id.0, owner.0);
            }
        }
        for (id, _) in self.graph.steps().filter(|(id, _)| !was_reset(*id)) {
            let (from, to) = (before.status(id), self.progress.status(id));
            let is_reopened = rerun.is_some_and(|inner| self.graph.owners(inner).any(|owner| owner == id));
            assert!(rank(from) <= rank(to) || is_reopened, "step {}: {from:?} to {to:?}", id.0);
            assert!(from != Status::Done || to != Status::Skipped, "step {} was done", id.0);
        }
        let next = Next::of(&self.progress);
        let waits = |(id, step): (StepId, &Step)| {
            let status = self.progress.status(id);
            matches!(status, Status::Held(_)) || (status == Status::Active && step.kind == Kind::Request)
        };
        let goes_on = self.progress.ending.is_some() || next.delay.is_some() || self.graph.steps().any(waits);
        assert!(goes_on, "nothing is awaited, and the flow has not ended: {:?}", self.statuses());
    }

    fn statuses(&self) -> Vec<(&str, String)> {
        self.graph.steps().map(|(id, step)| (&*step.name, status_word(self.progress.status(id)))).collect()
    }

    /// An input by chance.
    fn input(&mut self) {
        let random = &mut self.chance.random;
        let active = |(id, _): &(StepId, &Step)| matches!(self.progress.status(*id), Status::Active | Status::Held(_));
        let active: Vec<StepId> = self.graph.steps().filter(active).map(|(id, _)| id).collect();
        let any = StepId(random.u16(0..u16::try_from(self.graph.len()).unwrap()));
        let id = random.choice(&active).copied().filter(|_| random.u8(0..4) > 0).unwrap_or(any);
        let answer = match random.u8(0..8) {
            0..2 => Answer::Failed("it failed".to_owned()),
            2..4 => Answer::Refused("it is refused".to_owned()),
            _ => Answer::Done,
        };
        let own = self.progress.of(id).attempt;
        let wrong = random.u32(0..4);
        let attempt = random.choice([None, Some(own), Some(own), Some(wrong)]).unwrap();
        let (kind, seconds) = (random.u8(0..160), random.u64(0..60));
        match kind / 4 {
            0..22 => self.run(None, |engine| engine.answer(id, attempt, answer)),
            22..30 => self.pass(seconds),
            30..32 => self.run(Some(any), |engine| engine.rerun(any, false)),
            32..34 => self.run(Some(any), |engine| engine.rerun(any, true)),
            34..36 => self.run(None, |engine| engine.skip(id)),
            36..38 => self.run(None, |engine| engine.again(id)),
            38 => self.run(None, |engine| engine.answer_of_person(id, answer)),
            _ if kind % 4 == 0 => self.run(None, |engine| {
                engine.cancel()?;
                Ok(())
            }),
            _ => {}
        }
    }

    /// Time passes.
    fn pass(&mut self, seconds: u64) {
        self.now = self.now.saturating_add(Duration::from_secs(seconds));
        let now = self.now;
        self.run(None, |engine| {
            engine.on_delay();
            Ok(())
        });
        self.run(None, |engine| {
            engine.on_deadline(now);
            Ok(())
        });
    }

    /// Answers all that waits, until the flow has ended.
    fn finish(&mut self) {
        self.chance.is_kind = true;
        for _ in 0..1_000 {
            if self.progress.ending.is_some() {
                return;
            }
            let steps: Vec<(StepId, Kind)> = self.graph.steps().map(|(id, step)| (id, step.kind.clone())).collect();
            for (id, kind) in steps {
                match (self.progress.status(id), kind) {
                    _ if self.progress.ending.is_some() => {}
                    (Status::Active | Status::Resting | Status::Held(_), Kind::Request) => {
                        self.run(None, |engine| engine.answer(id, None, Answer::Done));
                    }
                    (Status::Held(_), Kind::Rerun(_)) => self.run(None, |engine| engine.skip(id)),
                    (Status::Held(_), _) => self.run(Some(id), |engine| engine.rerun(id, false)),
                    _ => {}
                }
            }
            self.now = self.now.saturating_add(Duration::from_secs(90));
            self.run(None, |engine| {
                engine.on_delay();
                Ok(())
            });
        }
        panic!("the flow does not end: {:?}", self.statuses());
    }
}

/// The place of a status in the order in which a step has them.
fn rank(status: Status) -> u8 {
    match status {
        Status::Waiting => 0,
        Status::Active | Status::Resting => 1,
        Status::Held(_) | Status::Failing(_) => 2,
        Status::Done | Status::Failed(_) => 3,
        Status::Undoing => 4,
        Status::Undone => 5,
        Status::Skipped => 6,
    }
}

/// A run; one that fails is told by its seed.
fn seeded(seed: u64, run: impl FnOnce(u64) -> bool + std::panic::UnwindSafe) -> bool {
    std::panic::catch_unwind(|| run(seed)).unwrap_or_else(|_told| panic!("with seed {seed}"))
}

fn start(case: &mut Case) {
    case.run(None, |engine| {
        engine.start();
        Ok(())
    });
}

#[test]
fn a_flow_keeps_the_rules_whatever_comes() {
    let has_ended = |seed| {
        let mut case = Case::new(seed, false);
        start(&mut case);
        for _ in 0..INPUTS {
            if !case.graph.is_empty() {
                case.input();
            }
        }
        let has_ended = case.progress.ending.is_some();
        case.finish();
        has_ended
    };
    let ended = (0..RUNS).filter(|seed| seeded(*seed, has_ended)).count();
    assert!((300..2_900).contains(&ended), "{ended} of {RUNS} had ended before all was answered");
}

#[test]
fn a_flow_whose_every_step_is_done_completes() {
    let has_completed = |seed| {
        let mut case = Case::new(seed, true);
        start(&mut case);
        case.finish();
        let may_fail = case.graph.steps().any(|(_, step)| matches!(step.kind, Kind::Fail(_)));
        assert!(case.progress.ending == Some(Ending::Completed) || may_fail, "{:?}", case.progress.ending);
        case.progress.ending == Some(Ending::Completed)
    };
    let completed = (0..RUNS).filter(|seed| seeded(*seed, has_completed)).count();
    assert!(completed > 1_500, "{completed} have completed");
}
