//! The flows of the tests.

use std::time::Duration;

use crate::processor::flow::{
    Action, Definition, Form, Graph, Kind, Message, Owner, Retry, ScopeId, Step, StepId, Task, Trouble, parse_template,
};
use crate::template::Expression;

/// A staged template: steps that begin together, that need several others, and a stage without steps.
const BICYCLE: &str = r#"{ "workflow_name": "Repair a bicycle", "component_name": "BICYCLE", "stages": [
  { "stage_name": "INTAKE", "stage_order": 1.0, "tasks": [
    { "task_name": "register_bicycle", "task_type": "SERVICE", "task_queue": "register_queue", "parent_task": [] },
    { "task_name": "inspect", "task_type": "HUMAN", "assigned_to": "mechanic", "task_queue": "inspect_queue",
      "parent_task": ["register_bicycle"] } ] },
  { "stage_name": "WORKSHOP", "stage_order": 2.0, "tasks": [
    { "task_name": "order_parts", "task_type": "SERVICE", "task_queue": "parts_queue", "parent_task": [] },
    { "task_name": "reserve_stand", "task_type": "SERVICE", "task_queue": "stand_queue", "parent_task": [] },
    { "task_name": "tell_customer", "task_type": "SERVICE", "task_queue": "mail_queue", "parent_task": [] },
    { "task_name": "mount_parts", "task_type": "HUMAN", "assigned_to": "mechanic", "task_queue": "mount_queue",
      "parent_task": ["order_parts", "reserve_stand"] },
    { "task_name": "test_ride", "task_type": "HUMAN", "task_queue": "ride_queue",
      "parent_task": ["mount_parts", "tell_customer"] } ] },
  { "stage_name": "CLEAN <&> \"SHINE\"", "stage_order": 3.0, "tasks": [] },
  { "stage_name": "RETURN", "stage_order": 4.0, "tasks": [
    { "task_name": "invoice", "task_type": "SERVICE", "task_queue": "invoice_queue", "parent_task": [] } ] } ] }"#;

/// The flow of the template.
pub(super) fn bicycle() -> Definition {
    parse_template(BICYCLE).unwrap()
}

/// Builds a definition, a step at a time.
struct Build(Definition);

impl Build {
    /// A step behind others of its scope.
    fn step(&mut self, name: &str, scope: ScopeId, kind: Kind, needs: &[StepId]) -> StepId {
        let mut step = Step::new(name, scope, kind);
        step.needs = needs.to_vec();
        self.0.graph.add_step(step)
    }

    fn send(&mut self, name: &str, scope: ScopeId, message: &str, needs: &[StepId]) -> StepId {
        let id = self.step(name, scope, Kind::Once, needs);
        let message = Message { kind: message.into(), data: None, reply: None };
        self.0.set_action(id, Action::Send(message));
        id
    }

    fn task(&mut self, name: &str, scope: ScopeId, role: Option<&str>, needs: &[StepId]) -> StepId {
        let id = self.step(name, scope, Kind::Request, needs);
        let task = Task {
            queue: format!("{name}_queue").into(),
            role: role.map(Into::into),
            is_human: role.is_some(),
            extras: Vec::new(),
            input: None,
            form: None,
        };
        self.0.set_action(id, Action::Task(task));
        id
    }

    fn wait(&mut self, name: &str, scope: ScopeId, message: &str, needs: &[StepId]) -> StepId {
        let id = self.step(name, scope, Kind::Request, needs);
        self.0.set_action(id, Action::Await(message.into()));
        id
    }

    fn on(&mut self, id: StepId, trouble: Trouble) -> ScopeId {
        let scope = self.0.graph.add_scope(Owner::Handler(id, trouble));
        self.0.graph.step_mut(id).handlers.push((trouble, scope));
        scope
    }

    fn undo(&mut self, id: StepId) -> ScopeId {
        let scope = self.0.graph.add_scope(Owner::Undo(id));
        self.0.graph.step_mut(id).undo = Some(scope);
        scope
    }
}

/// A flow with every kind of step, a handler of each trouble, conditions, and undos of one step and of two.
pub(super) fn voyage() -> Definition {
    let mut build = Build(Definition::new("voyage", Form::Steps, "voyage"));
    build.0.start = "VoyageBooked".into();
    let root = Graph::ROOT;

    let credit = build.task("credit", root, None, &[]);
    build.0.graph.step_mut(credit).retry = Retry { tries: 6, delay: Duration::from_secs(10) };
    let refund = build.undo(credit);
    build.task("refund", refund, None, &[]);

    let charge = build.step("charge", root, Kind::Request, &[credit]);
    let message = Message { kind: "ChargeCard".into(), data: None, reply: Some("CardCharged".into()) };
    build.0.set_action(charge, Action::Send(message));
    build.0.set_condition(charge, Expression::compile("credit.remaining > 0").unwrap());
    let refused = build.on(charge, Trouble::Refused);
    let ask = build.send("ask", refused, "CardRefused", &[]);
    let updated = build.wait("updated", refused, "CardUpdated", &[ask]);
    build.0.graph.step_mut(updated).within = Some(Duration::from_hours(7 * 24));
    let late = build.on(updated, Trouble::Late);
    let undo = build.step("take back", late, Kind::Undo, &[]);
    build.step("give up", late, Kind::Fail("payment failed".into()), &[undo]);
    build.step("again", refused, Kind::Rerun(charge), &[updated]);
    let exhausted = build.on(charge, Trouble::Exhausted);
    build.task("call the bank", exhausted, Some("accountant"), &[]);
    let failed = build.on(charge, Trouble::Failed);
    build.step("stop", failed, Kind::Fail("charge <failed> & \"ended\"".into()), &[]);
    let release = build.undo(charge);
    let cancel = build.send("cancel", release, "CancelCharge", &[]);
    build.wait("cancelled", release, "ChargeCancelled", &[cancel]);

    let stage_id = build.0.graph.next_step();
    let stage = build.0.graph.add_scope(Owner::Step(stage_id));
    build.step("TRAVEL", root, Kind::Scope(stage), &[charge]);
    let cabin = build.task("cabin", stage, None, &[]);
    let meals = build.task("meals", stage, Some("cook"), &[]);
    build.0.graph.step_mut(meals).remind_after = Some(Duration::from_mins(90));
    let rest = build.step("rest", stage, Kind::Sleep(Duration::from_hours(36)), &[cabin]);
    build.send("board", stage, "Boarded", &[rest, meals]);
    build.wait("sighted", stage, "LandSighted", &[cabin]);
    let lost = build.on(stage_id, Trouble::Failed);
    build.send("mayday", lost, "Mayday", &[]);

    let letter = build.send("letter", root, "LetterSent", &[charge]);
    build.send("arrived", root, "Arrived", &[stage_id, letter]);
    build.0
}
