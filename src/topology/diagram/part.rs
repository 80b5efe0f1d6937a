//! The elements of a BPMN process, one for each shape of a picture.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;

use super::element::{Element, alone, level};
use super::label::{self, Symbol};
use super::style::is_event;
use super::xml::Tag;
use crate::processor::flow::{Action, Definition, Graph, Kind, Owner, StepId, Trouble};

/// The messages and errors that events of a process name, with their ids.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    messages: BTreeMap<String, String>,
    errors: BTreeMap<String, String>,
}

/// The sequence flows at an element, by their ids.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends {
    pub incoming: Vec<String>,
    pub outgoing: Vec<String>,
    /// The flow of an exclusive gateway that is taken if its condition is false.
    pub skip: Option<String>,
}

impl Catalog {
    fn message(&mut self, name: &str) -> String {
        let next = format!("Message_{}", self.messages.len());
        self.messages.entry(name.to_owned()).or_insert(next).clone()
    }

    fn error(&mut self, name: &str) -> String {
        let next = format!("Error_{}", self.errors.len());
        self.errors.entry(name.to_owned()).or_insert(next).clone()
    }

    /// Their elements, which stand beside the process.
    pub(super) fn tags(self) -> Vec<Tag> {
        let tag = |tag: &'static str, id: &str, name: &str| Tag::new(tag).with("id", id).with("name", name);
        let messages = self.messages.iter().map(|(name, id)| tag("bpmn:message", id, name));
        let errors = self.errors.iter().map(|(name, id)| tag("bpmn:error", id, name).with("errorCode", name));
        messages.chain(errors).collect()
    }
}

/// The id of an element.
pub(super) fn id(element: Element) -> String {
    match element {
        Element::Begin(scope) => format!("Begin_{}", scope.0),
        Element::Split(scope) => format!("Split_{}", scope.0),
        Element::Gather(scope) => format!("Gather_{}", scope.0),
        Element::Finish(scope) => format!("Finish_{}", scope.0),
        Element::Lane(scope) => format!("Undoing_{}", scope.0),
        Element::Join(step) => format!("Join_{}", step.0),
        Element::When(step) => format!("When_{}", step.0),
        Element::Step(step) => format!("Step_{}", step.0),
        Element::Merge(step) => format!("Merge_{}", step.0),
        Element::Fork(step) => format!("Fork_{}", step.0),
        Element::Trouble(step, trouble) => format!("On_{}_{}", trouble.as_str(), step.0),
        Element::Undo(step) => format!("Undo_{}", step.0),
    }
}

/// True if an element is a part of the process. The frames of handlers are not: what is in them belongs to their step's level.
pub(super) fn is_part(graph: &Graph, element: Element) -> bool {
    let Element::Lane(scope) = element else { return true };
    matches!(graph.scope(scope).owner, Owner::Undo(_)) && alone(graph, scope).is_none()
}

/// The element of a process for a shape, without what stands in it.
pub(super) fn tag(definition: &Definition, catalog: &mut Catalog, element: Element, ends: &Ends) -> Tag {
    let graph = &definition.graph;
    let of = |name: &'static str| Tag::new(name).with("id", id(element));
    match element {
        Element::Begin(scope) if scope == Graph::ROOT => {
            let start = connected(of("bpmn:startEvent").with("name", &definition.start), ends);
            start.inner([message_event(catalog.message(&definition.start))])
        }
        Element::Begin(_) => connected(of("bpmn:startEvent"), ends),
        Element::Finish(_) => connected(of("bpmn:endEvent"), ends),
        Element::Split(_) | Element::Gather(_) | Element::Join(_) | Element::Fork(_) => {
            connected(of("bpmn:parallelGateway"), ends)
        }
        Element::Merge(_) => connected(of("bpmn:exclusiveGateway"), ends),
        Element::When(step) => {
            let gateway = of("bpmn:exclusiveGateway").with("name", format!("{}?", label::condition(definition, step)));
            connected(ends.skip.iter().fold(gateway, |gateway, skip| gateway.with("default", skip)), ends)
        }
        Element::Lane(_) => connected(of("bpmn:subProcess").with("name", "undo").with("isForCompensation", true), ends),
        Element::Trouble(step, trouble) => {
            let event = of("bpmn:boundaryEvent").with("name", trouble.as_str());
            let event = connected(event.with("attachedToRef", id(Element::Step(step))), ends);
            let within = graph.step(step).within;
            event.inner([match trouble {
                Trouble::Late => timer(within),
                Trouble::Refused | Trouble::Exhausted | Trouble::Failed => error_event(catalog.error(trouble.as_str())),
            }])
        }
        Element::Undo(step) => {
            let event = of("bpmn:boundaryEvent").with("name", "undo");
            let event = connected(event.with("attachedToRef", id(Element::Step(step))), ends);
            event.inner([Tag::new("bpmn:compensateEventDefinition")])
        }
        Element::Step(step) => self::step(definition, catalog, step, ends),
    }
}

/// The element of a step.
fn step(definition: &Definition, catalog: &mut Catalog, id: StepId, ends: &Ends) -> Tag {
    let graph = &definition.graph;
    let step = graph.step(id);
    let name = name(definition, id);
    let mut tag = Tag::new(name).with("id", self::id(Element::Step(id))).with("name", &step.name);
    let action = definition.action(id);
    if matches!(graph.scope(step.scope).owner, Owner::Undo(_)) && alone(graph, step.scope) == Some(id) {
        tag = tag.with("isForCompensation", true);
    }
    tag = match (name, action) {
        ("bpmn:sendTask", Action::Send(message)) => tag.with("messageRef", catalog.message(&message.kind)),
        ("bpmn:receiveTask", Action::Await(kind)) => tag.with("messageRef", catalog.message(kind)),
        (_, Action::None | Action::Task(_) | Action::Send(_) | Action::Await(_) | Action::Call(_)) => tag,
    };
    let details = label::details(definition, id);
    tag = tag.inner((!details.is_empty()).then(|| Tag::new("bpmn:documentation").text(&details.join("\n"))));
    tag = connected(tag.inner(extension(action)), ends);
    if let (Action::Task(task), "bpmn:userTask") = (action, name) {
        let role = task.role.as_ref().map(|role| Tag::new("bpmn:formalExpression").text(role));
        let owner = |role| {
            let assignment = Tag::new("bpmn:resourceAssignmentExpression").inner([role]);
            Tag::new("bpmn:potentialOwner").inner([assignment])
        };
        tag = tag.inner(role.map(owner));
    }
    if !is_event(definition, id) {
        return tag;
    }
    tag.inner(match &step.kind {
        Kind::Sleep(time) => Some(timer(Some(*time))),
        Kind::Undo => Some(Tag::new("bpmn:compensateEventDefinition")),
        Kind::Fail(reason) => Some(error_event(catalog.error(reason))),
        Kind::Once | Kind::Request | Kind::Scope(_) | Kind::Rerun(_) => None,
    })
}

/// The name of a step's element.
fn name(definition: &Definition, id: StepId) -> &'static str {
    let graph = &definition.graph;
    let symbol = Symbol::of(definition, id);
    let has_event = is_event(definition, id);
    match symbol {
        Symbol::Service => "bpmn:serviceTask",
        Symbol::Human => "bpmn:userTask",
        Symbol::Send => "bpmn:sendTask",
        Symbol::Await => "bpmn:receiveTask",
        Symbol::Stage => "bpmn:subProcess",
        Symbol::Sleep | Symbol::Undo | Symbol::Rerun | Symbol::Fail if !has_event => "bpmn:task",
        Symbol::Sleep => "bpmn:intermediateCatchEvent",
        Symbol::Undo => "bpmn:intermediateThrowEvent",
        Symbol::Rerun if leads_back(graph, id) => "bpmn:intermediateThrowEvent",
        Symbol::Rerun | Symbol::Fail => "bpmn:endEvent",
    }
}

/// True if a sequence flow may lead from a rerun to the step that begins again: both stand in one process.
pub(super) fn leads_back(graph: &Graph, id: StepId) -> bool {
    let Kind::Rerun(target) = graph.step(id).kind else { return false };
    level(graph, Element::Step(id)) == level(graph, Element::Step(target))
}

/// What a task asks of whom, for readers that know sheaf.
fn extension(action: &Action) -> Option<Tag> {
    let tag = match action {
        Action::None | Action::Await(_) => return None,
        Action::Task(task) => {
            let tag = Tag::new("sheaf:task").with("queue", &task.queue);
            task.role.iter().fold(tag, |tag, role| tag.with("role", role))
        }
        Action::Call(call) => Tag::new("sheaf:call").with("to", &call.to),
        Action::Send(message) => {
            let tag = Tag::new("sheaf:message").with("type", &message.kind);
            message.reply.iter().fold(tag, |tag, reply| tag.with("reply", reply))
        }
    };
    Some(Tag::new("bpmn:extensionElements").inner([tag]))
}

fn connected(tag: Tag, ends: &Ends) -> Tag {
    let incoming = ends.incoming.iter().map(|id| Tag::new("bpmn:incoming").text(id));
    let outgoing = ends.outgoing.iter().map(|id| Tag::new("bpmn:outgoing").text(id));
    tag.inner(incoming.chain(outgoing))
}

fn message_event(id: String) -> Tag {
    Tag::new("bpmn:messageEventDefinition").with("messageRef", id)
}

fn error_event(id: String) -> Tag {
    Tag::new("bpmn:errorEventDefinition").with("errorRef", id)
}

fn timer(time: Option<Duration>) -> Tag {
    let duration = time
        .and_then(|time| SignedDuration::try_from(time).ok())
        .map(|time| Tag::new("bpmn:timeDuration").with("xsi:type", "bpmn:tFormalExpression").text(&time.to_string()));
    Tag::new("bpmn:timerEventDefinition").inner(duration)
}
