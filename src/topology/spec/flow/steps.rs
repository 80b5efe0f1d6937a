//! The keys `start` and `steps`: the graph of a flow.

use std::collections::BTreeSet;

use super::body::{self, Body};
use super::known::Known;
use crate::codec::yaml::{Item, Value};
use crate::processor::flow::{
    Action, CALLS_MAX, Definition, Form, Graph, Kind, Owner, STEPS_MAX, ScopeId, Step, StepId, Trouble,
};

/// The words of steps without a name of their own.
const UNDO: &str = "undo";
const RERUN: &str = "rerun";
const FAIL: &str = "fail";
/// Names that expressions and steps have already.
const RESERVED: [&str; 6] = ["start", "key", "answer", UNDO, RERUN, FAIL];

/// Reads the steps of the flow of a file with this name and text.
pub(super) fn read(
    (start, list): (&Item<'_>, &Item<'_>),
    (name, text): (&str, &str),
    has_writes: bool,
) -> Option<Definition> {
    let start: Option<String> = start.read();
    let mut names = BTreeSet::new();
    collect_names(list, &mut names);
    let results: Vec<&str> = names.iter().map(String::as_str).filter(|name| is_variable(name)).collect();
    let variables: Vec<&str> = ["start", "key"].into_iter().chain(results).collect();
    let mut builder = Builder {
        definition: Definition::new(name, Form::Steps, text),
        variables: &variables,
        has_writes,
        handled: Vec::new(),
        unnamed: 0,
        undone: 0,
    };
    let read = builder.sequence(list, Graph::ROOT);
    let count = builder.definition.graph.len();
    if count > STEPS_MAX {
        list.problem(format!("a flow has at most {STEPS_MAX} steps, and these are {count}"), Some(parts()));
    }
    let calls = builder.definition.calls().count();
    if calls > CALLS_MAX {
        list.problem(format!("a flow has at most {CALLS_MAX} calls, and these are {calls}"), Some(parts()));
    }
    let mut definition = builder.definition;
    definition.start = start?.into();
    read.map(|()| definition)
}

/// What to do with a flow that is too long.
fn parts() -> String {
    "divide it: a `send` can begin a flow of another file, and its `reply` is that flow's answer".to_owned()
}

/// True if a flow sends messages of this type.
pub(super) fn sends(definition: &Definition, kind: &str) -> bool {
    definition
        .graph
        .steps()
        .any(|(id, _)| matches!(definition.action(id), Action::Send(message) if *message.kind == *kind))
}

/// The name and the body of an item with a name of its own.
fn named<'a>(item: &Item<'a>) -> Option<(&'a str, Item<'a>)> {
    match item.node().entries() {
        [entry] if !RESERVED.contains(&entry.key.as_str()) => Some((&entry.key, item.below(&entry.key, &entry.node))),
        _ => None,
    }
}

/// The names of all steps, of those in steps too; one that is there twice is a problem.
fn collect_names(list: &Item<'_>, names: &mut BTreeSet<String>) {
    let Value::List(_) = list.node().value else { return };
    for item in list.items().into_iter().flatten() {
        let Some((name, body)) = named(&item) else { continue };
        if !names.insert(name.to_owned()) {
            let hint = "give each step of the flow its own name: results are found by it".to_owned();
            item.problem(format!("a second step is named `{name}`"), Some(hint));
        }
        collect_names_of(&body, name, names);
    }
}

/// The names in the body of a step.
fn collect_names_of(body: &Item<'_>, name: &str, names: &mut BTreeSet<String>) {
    for entry in body.node().entries() {
        let below = body.below(&entry.key, &entry.node);
        match (entry.key.as_str(), &entry.node.value) {
            (UNDO, Value::Map(_)) => {
                let undo = undo_name(name);
                if !names.insert(undo.clone()) {
                    let hint = "rename that step: it is the name of the step without one below `undo`".to_owned();
                    below.problem(format!("a second step is named `{undo}`"), Some(hint));
                }
                collect_names_of(&below, &undo, names);
            }
            ("stage" | UNDO, _) => collect_names(&below, names),
            ("on", _) => {
                for on in entry.node.entries() {
                    collect_names(&below.below(&on.key, &on.node), names);
                }
            }
            _ => {}
        }
    }
}

/// The name of the step without one that takes a step back.
fn undo_name(name: &str) -> String {
    format!("{name}-undo")
}

/// True for a name that an expression can use as it is.
fn is_variable(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn check_name(item: &Item<'_>, name: &str) {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !begins || !name.chars().all(is_plain) || name.len() > 100 {
        let hint = "take a letter, then letters, digits, `_` and `-`".to_owned();
        item.problem(format!("`{name}` is no name of a step"), Some(hint));
    }
}

struct Builder<'v> {
    definition: Definition,
    variables: &'v [&'v str],
    has_writes: bool,
    /// The steps whose handlers contain what is read, the innermost last.
    handled: Vec<(StepId, String)>,
    /// The number of steps without names.
    unnamed: usize,
    /// The number of steps whose undo contains what is read.
    undone: usize,
}

impl Builder<'_> {
    /// Reads a list of steps into a scope.
    fn sequence(&mut self, list: &Item<'_>, scope: ScopeId) -> Option<()> {
        let items = list.items()?;
        if items.is_empty() {
            list.problem("there is no step", Some("add one, or remove the list".to_owned()));
            return None;
        }
        let mut before = None;
        let mut all = Some(());
        for item in &items {
            match self.item(item, scope, before) {
                Some(id) => before = Some(id),
                None => all = None,
            }
        }
        all
    }

    fn item(&mut self, item: &Item<'_>, scope: ScopeId, before: Option<StepId>) -> Option<StepId> {
        if let Value::Text(word) = &item.node().value
            && word == UNDO
        {
            if self.undone > 0 {
                let hint =
                    "leave it out: what is undone does not undo others, which could wait for each other".to_owned();
                item.problem("there is an `undo` within an `undo`", Some(hint));
                return None;
            }
            return Some(self.add_unnamed(UNDO, Kind::Undo, scope, before));
        }
        match item.node().entries() {
            [entry] if entry.key == FAIL => {
                let reason = item.below(FAIL, &entry.node).read::<String>()?;
                Some(self.add_unnamed(FAIL, Kind::Fail(reason.into()), scope, before))
            }
            [entry] if entry.key == RERUN => {
                let target = self.rerun_target(&item.below(RERUN, &entry.node))?;
                Some(self.add_unnamed(RERUN, Kind::Rerun(target), scope, before))
            }
            [entry] if RESERVED.contains(&entry.key.as_str()) => {
                let hint = Some("give the step another name".to_owned());
                item.problem(format!("`{}` is no name of a step: the language uses it", entry.key), hint);
                None
            }
            [entry] => self.step(&item.below(&entry.key, &entry.node), &entry.key, (scope, before)),
            [first, _, ..] => item.expected(
                "a step, which has one name",
                Some(format!("indent what belongs to `{}` below it", first.key)),
            ),
            [] => item.expected(
                "a step",
                Some(format!(
                    "write `- NAME: {{ task: TOPIC }}`; a step is one of {}, or `undo`, `fail`, `rerun`",
                    body::quoted(&body::KINDS)
                )),
            ),
        }
    }

    fn rerun_target(&self, item: &Item<'_>) -> Option<StepId> {
        let name = item.text()?;
        if let Some((id, _)) = self.handled.iter().rev().find(|(_, handled)| handled == name) {
            return Some(*id);
        }
        let hint = match self.handled.last() {
            Some((_, innermost)) => format!("write `rerun: {innermost}`"),
            None => "write it below `on` of the step that is to begin again".to_owned(),
        };
        item.problem(format!("`{name}` is no step whose trouble is handled here"), Some(hint));
        None
    }

    fn add_unnamed(&mut self, word: &str, kind: Kind, scope: ScopeId, before: Option<StepId>) -> StepId {
        self.unnamed += 1;
        let mut step = Step::new(format!("{word}-{}", self.unnamed), scope, kind);
        step.needs = before.into_iter().collect();
        self.definition.graph.add_step(step)
    }

    fn step(&mut self, item: &Item<'_>, name: &str, (scope, before): (ScopeId, Option<StepId>)) -> Option<StepId> {
        check_name(item, name);
        let known = Known { variables: self.variables, step: name, has_writes: self.has_writes };
        let body = body::read(item, known);
        let graph = &mut self.definition.graph;
        let id = graph.add_step(Step::new(name, scope, Kind::Once));
        let Body { is_whole, kind, action, condition, retry, within, remind_after, after, stage, handlers, undo } =
            body?;
        let needs = match after {
            Some(after) => self.after(&after, scope, id),
            None => Some(before.into_iter().collect()),
        };
        let step = self.definition.graph.step_mut(id);
        (step.kind, step.retry, step.within, step.remind_after) = (kind, retry, within, remind_after);
        self.definition.set_action(id, action);
        if let Some(condition) = condition {
            self.definition.set_condition(id, condition);
        }
        let mut all = is_whole.then_some(());
        if let Some(list) = stage {
            let inner = self.definition.graph.add_scope(Owner::Step(id));
            self.definition.graph.step_mut(id).kind = Kind::Scope(inner);
            // An empty stage is done at once.
            if !matches!(&list.node().value, Value::List(items) if items.is_empty()) {
                all = self.sequence(&list, inner).and(all);
            }
        }
        for (trouble, list) in handlers {
            all = self.handler((id, name), trouble, &list).and(all);
        }
        if let Some(undo) = undo {
            all = self.undo(&undo, (id, name)).and(all);
        }
        self.definition.graph.step_mut(id).needs = needs?;
        all.map(|()| id)
    }

    fn handler(&mut self, (id, name): (StepId, &str), trouble: Trouble, list: &Item<'_>) -> Option<()> {
        let inner = self.definition.graph.add_scope(Owner::Handler(id, trouble));
        self.definition.graph.step_mut(id).handlers.push((trouble, inner));
        self.handled.push((id, name.to_owned()));
        let read = self.sequence(list, inner);
        self.handled.pop();
        read
    }

    /// What takes a step back: a list of steps, or what one does.
    fn undo(&mut self, item: &Item<'_>, (id, name): (StepId, &str)) -> Option<()> {
        let inner = self.definition.graph.add_scope(Owner::Undo(id));
        self.definition.graph.step_mut(id).undo = Some(inner);
        self.undone += 1;
        let read = self.undo_steps(item, inner, name);
        self.undone -= 1;
        read
    }

    fn undo_steps(&mut self, item: &Item<'_>, inner: ScopeId, name: &str) -> Option<()> {
        if let Value::List(_) = item.node().value {
            return self.sequence(item, inner);
        }
        self.step(item, &undo_name(name), (inner, None)).map(|_| ())
    }

    /// The steps that a step needs: of its own list, above it.
    fn after(&self, list: &Item<'_>, scope: ScopeId, id: StepId) -> Option<Vec<StepId>> {
        let names: Vec<Option<(String, Item<'_>)>> =
            list.items()?.into_iter().map(|item| Some((item.read::<String>()?, item))).collect();
        let graph = &self.definition.graph;
        let above: Vec<StepId> = graph.scope(scope).steps.iter().copied().filter(|step| *step != id).collect();
        let (mut needs, mut are_all_known) = (Vec::new(), true);
        for named in names {
            let Some((name, item)) = named else {
                are_all_known = false;
                continue;
            };
            if let Some(step) = above.iter().find(|step| *graph.step(**step).name == *name) {
                needs.push(*step);
                continue;
            }
            let names: Vec<&str> = above.iter().map(|step| &*graph.step(*step).name).collect();
            let hint = match names.as_slice() {
                [] => "it is the first one; remove `after`".to_owned(),
                names => format!("there are {}", body::quoted(names)),
            };
            item.problem(format!("`{name}` is no step above this one in its list"), Some(hint));
            are_all_known = false;
        }
        are_all_known.then_some(needs)
    }
}
