//! Audits of commands: written in the transaction of the step, once, accepted or rejected.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sheaf::broker::memory::{self, Fault, FaultKind, Operation};
use sheaf::config::ProcessingGuarantee;
use sheaf::model::{Clock as _, Key, Listing, Moment, Reject, RejectReason, Status, Timestamp, Topic};
use sheaf::processor::{
    ArgumentKind, ArgumentSpec, Command, CommandSpec, Effect, Input, Processor, Transition, by_key, erase,
};
use sheaf::runtime::{Audit, AuditFilter, AuditLog, AuditPage, AuditVerdict, CommandError, CommandSender, FaultPoint};
use sheaf::sim::World;
use sheaf::testing::TestDriver;
use sheaf::topology::Topology;
use uuid::Uuid;

use crate::alert::assert_valid_by;

use super::support::{Count, NoSink, run_until_idle, send, setup};

const SCHEMA: &str = include_str!("../../../docs/schemas/audit.schema.json");

/// An entry with a number, which a record counts up, and the command `set` sets.
struct Settable;

impl Processor for Settable {
    type State = Count;

    fn listing(&self, count: &Count) -> Listing {
        Listing::of(Status(count.0), None)
    }

    fn commands(&self) -> &'static [CommandSpec] {
        &[CommandSpec {
            name: "set",
            help: "sets the number",
            arguments: &[ArgumentSpec { name: "to", help: "the number", kind: ArgumentKind::Text, is_required: true }],
            statuses: &["status-1"],
            is_dangerous: false,
        }]
    }

    fn step(&self, _: &Key, state: Option<Count>, input: Input, _: Moment) -> Result<Transition<Count>, Reject> {
        match (state, input) {
            (state, Input::Record(_)) => Ok(Transition::to(Count(state.map_or(1, |count| count.0 + 1)))),
            (Some(_), Input::Command(command)) => match command.arguments["to"].parse() {
                Ok(to) => Ok(Transition::to(Count(to)).with(Effect::forward("set", to.to_string()))),
                Err(_) => Err(Reject::new(RejectReason::BadCommand, "it is no number")),
            },
            (None, Input::Command(_)) => Err(Reject::new(RejectReason::BadCommand, "there is no such entry")),
            (state, Input::Timer(_) | Input::Outcome(_)) => Ok(Transition { state, effects: Vec::new() }),
        }
    }
}

fn driver() -> TestDriver {
    let topology = Topology::builder("numbers")
        .processor("settable", Settable)
        .reads("events", by_key)
        .writes("set", "sets")
        .build()
        .unwrap();
    let mut driver = TestDriver::new(topology).unwrap();
    driver.send("events", "x", "1").unwrap();
    driver
}

fn command(id: u128, to: &str, at: Timestamp) -> Command {
    Command {
        id: Uuid::from_u128(id),
        name: "set".to_owned(),
        arguments: BTreeMap::from([("to".to_owned(), to.to_owned())]),
        by: "ann".to_owned(),
        why: "it was wrong".to_owned(),
        at,
        traceparent: None,
    }
}

#[test]
fn an_executed_command_is_audited_with_the_statuses_before_and_after() {
    let mut driver = driver();
    let at = driver.now();
    driver.send_command("settable", "x", &command(7, "5", at)).unwrap().unwrap();
    let record = &driver.read("test-audit").unwrap()[0];
    let value: Value = serde_json::from_slice(record.value.as_deref().unwrap()).unwrap();
    assert_valid_by(SCHEMA, &value);
    let midnight = "2026-01-01T00:00:00.000Z";
    let expected = json!({
        "id": Uuid::from_u128(7), "processor": "settable", "key": "x", "name": "set", "arguments": { "to": "5" },
        "by": "ann", "why": "it was wrong", "sent_at": midnight, "at": midnight, "verdict": "accepted",
        "before": ["status-1"], "after": ["status-5"],
    });
    assert_eq!(value, expected);
    let header = |name: &str| record.headers.text(name).unwrap();
    assert_eq!((header("ce_type"), header("ce_source")), ("sheaf.command.v1", "/sheaf/numbers/settable"));
    assert_eq!((header("ce_id"), record.key.as_deref()), (&*Uuid::from_u128(7).to_string(), Some(&b"x"[..])));
}

#[test]
fn a_rejected_command_is_audited_with_the_reason_and_is_no_dead_letter() {
    let mut driver = driver();
    for (key, to, before, words) in
        [("x", "five", vec!["status-1"], "it is no number"), ("y", "5", vec![], "there is no such entry")]
    {
        let audit = driver.command("settable", key, "set", &[("to", to)]).unwrap();
        let AuditVerdict::Rejected { reason, detail } = &audit.verdict else { panic!("{audit:?}") };
        assert_eq!((&**reason, &**detail), ("bad_command", words));
        assert_eq!((&audit.before, &audit.after), (&before.iter().map(|it| (*it).to_owned()).collect(), &audit.before));
        let value = serde_json::to_value(&audit).unwrap();
        assert_valid_by(SCHEMA, &value);
    }
    assert_eq!(driver.dead_letters().unwrap(), []);
    assert_eq!(driver.state::<Count>("settable", "x").unwrap().unwrap().0, 1);
}

#[test]
fn a_command_that_the_processor_does_not_have_is_not_written() {
    let mut driver = driver();
    let error = driver.command("settable", "x", "delete", &[]).unwrap_err().to_string();
    assert!(error.contains("there is no command `delete`; there is set"), "{error}");
    assert_eq!(driver.audits(), []);
}

#[test]
fn a_long_argument_is_cut_in_the_audit() {
    let mut driver = driver();
    let audit = driver.command("settable", "x", "set", &[("to", &"7".repeat(10_000))]).unwrap();
    let value = &audit.arguments["to"];
    assert!(value.ends_with("(10000 bytes in all)") && value.len() < 1_100, "{value}");
}

#[test]
fn whatever_a_command_holds_its_audit_fits_the_topic() {
    let mut driver = driver();
    let large = "7".repeat(150_000);
    let arguments =
        (0..40).map(|number| (format!("{number}"), "x".repeat(5_000))).chain([("to".to_owned(), large.clone())]);
    let command = Command {
        arguments: arguments.collect(),
        name: large.clone(),
        by: large.clone(),
        why: large.clone(),
        ..command(8, "1", driver.now())
    };
    let audit = driver.send_command("settable", &large, &command).unwrap().unwrap();
    assert!(audit.key.len() == 1_024 && audit.arguments.len() == 32, "{audit:?}");
    let record = &driver.read("test-audit").unwrap()[0];
    assert!(record.size() < 300_000, "{} bytes", record.size());
}

#[test]
fn a_command_is_audited_once_whatever_fails() {
    let mut driver = driver();
    let points = [
        FaultPoint::Stepped,
        FaultPoint::Begun,
        FaultPoint::Produced,
        FaultPoint::Drained,
        FaultPoint::OffsetsSent,
        FaultPoint::Committed,
        FaultPoint::Applied,
    ];
    for (id, point) in (1..).zip(points) {
        driver.crash_at(point);
        let at = driver.now();
        driver.send_command("settable", "x", &command(id, "9", at)).unwrap().unwrap();
        assert!(!driver.is_crash_pending());
        let audits: Vec<Audit> = driver.audits().into_iter().filter(|it| it.id == Uuid::from_u128(id)).collect();
        assert_eq!((audits.len(), driver.read("sets").unwrap().len()), (1, 1), "{point:?}");
    }
}

fn world(guarantee: ProcessingGuarantee) -> World {
    let mut setup = setup(erase(Settable), Box::new(|_| Arc::new(NoSink)), memory::Settings::default());
    setup.settings.processing.guarantee = guarantee;
    // The topology of the support wires no `set`, and counts are not forwarded.
    setup.topology.nodes[0].outputs[0].name = "set".into();
    let mut world = World::new(setup);
    world.start("a").unwrap();
    run_until_idle(&mut world);
    send(&world, &[("x", Some("1"))]);
    run_until_idle(&mut world);
    world
}

#[test]
fn without_transactions_a_command_that_is_executed_again_has_another_audit_of_the_same_id() {
    let mut world = world(ProcessingGuarantee::AtLeastOnce);
    let mut sender = sender(&world);
    // The audit is in the log, and its acknowledgement is lost.
    let (operation, kind) = (Operation::Produce, FaultKind::TimeoutAfter);
    world.broker().inject(Fault { operation, process: Some("a".to_owned()), kind, times: 1 });
    sender.send("counter", &Key::new("x"), &command(3, "5", world.clock().now())).unwrap();
    run_until_idle(&mut world);
    for _ in 0..30 {
        world.clock().advance(Duration::from_secs(1));
        run_until_idle(&mut world);
    }
    let records = world.broker().committed_records(&Topic::new("app-audit"));
    let audits: Vec<Audit> = records.iter().filter_map(Audit::read).collect();
    assert!(!audits.is_empty() && audits.iter().all(|audit| audit.id == Uuid::from_u128(3)), "{audits:?}");
    assert_eq!(sender.wait(Uuid::from_u128(3), Duration::from_secs(1)).unwrap(), audits[0]);
}

fn sender(world: &World) -> CommandSender {
    CommandSender::new(world.broker(), "app", world.clock().clone(), Duration::from_secs(5)).unwrap()
}

#[test]
fn a_sender_gets_the_audits_of_its_commands_in_any_order_and_of_no_others() {
    let mut world = world(ProcessingGuarantee::ExactlyOnce);
    let (mut one, mut other) = (sender(&world), sender(&world));
    let at = world.clock().now();
    for id in 1..=3 {
        one.send("counter", &Key::new("x"), &command(id, &id.to_string(), at)).unwrap();
    }
    other.send("counter", &Key::new("y"), &command(9, "9", at)).unwrap();
    run_until_idle(&mut world);
    for id in [3, 1, 2] {
        let audit = one.wait(Uuid::from_u128(id), Duration::from_secs(5)).unwrap();
        assert_eq!((audit.id, audit.after), (Uuid::from_u128(id), vec![format!("status-{id}")]));
    }
    assert!(matches!(
        other.wait(Uuid::from_u128(9), Duration::from_secs(5)).unwrap().verdict,
        AuditVerdict::Rejected { .. }
    ));
}

#[test]
fn a_command_to_an_application_that_does_not_run_is_an_error_that_names_the_remedy() {
    let world = world(ProcessingGuarantee::ExactlyOnce);
    let mut sender = sender(&world);
    let none = sender.send("other", &Key::new("x"), &command(1, "1", world.clock().now())).unwrap_err().to_string();
    assert!(none.contains("there is no topic app-other-inbox") && none.contains("application_id"), "{none}");
    let id = Uuid::from_u128(2);
    sender.send("counter", &Key::new("x"), &command(2, "1", world.clock().now())).unwrap();
    // Nothing turns.
    let late = sender.wait(id, Duration::ZERO).unwrap_err();
    assert!(matches!(&late, CommandError::TimedOut { .. }), "{late}");
    assert!(late.to_string().contains("is an instance running") && late.to_string().contains("app-audit"), "{late}");
    let missing =
        CommandSender::new(world.broker(), "none", world.clock().clone(), Duration::from_secs(5)).unwrap_err();
    assert!(missing.to_string().contains("there is no topic none-audit"), "{missing}");
}

/// The arguments `to` of the commands of a page.
fn told(page: &AuditPage) -> Vec<&str> {
    page.items.iter().map(|(_, audit)| audit.arguments["to"].as_str()).collect()
}

#[test]
fn the_log_is_read_from_its_end_by_pages_and_filters() {
    let mut world = world(ProcessingGuarantee::ExactlyOnce);
    let mut sender = sender(&world);
    for number in 1..=7 {
        let by = if number % 2 == 0 { "bob" } else { "ann" };
        let command = Command { by: by.to_owned(), ..command(number, &number.to_string(), world.clock().now()) };
        let key = Key::new(if number == 7 { "none" } else { "x" });
        sender.send("counter", &key, &command).unwrap();
        run_until_idle(&mut world);
        world.clock().advance(Duration::from_hours(1));
    }
    let log = AuditLog::new("app", Arc::new(world.broker().clone()), Duration::from_secs(5));
    let all = AuditFilter::default();
    let first = log.page(&all, None, 3).unwrap();
    assert_eq!(told(&first), ["7", "6", "5"]);
    assert!(matches!(first.items[0].1.verdict, AuditVerdict::Rejected { .. }));
    let second = log.page(&all, first.next, 3).unwrap();
    assert_eq!(told(&second), ["4", "3", "2"]);
    let third = log.page(&all, second.next, 3).unwrap();
    assert_eq!((told(&third), third.next), (vec!["1"], None));

    let select = |filter: AuditFilter| told(&log.page(&filter, None, 9).unwrap()).concat();
    assert_eq!(select(AuditFilter { by: Some("bob".to_owned()), ..all.clone() }), "642");
    assert_eq!(select(AuditFilter { key: Some("none".to_owned()), ..all.clone() }), "7");
    assert_eq!(select(AuditFilter { command: Some("cancel".to_owned()), ..all.clone() }), "");
    assert_eq!(select(AuditFilter { processor: Some("counter".to_owned()), ..all.clone() }), "7654321");
    let since = world.clock().now().saturating_sub(Duration::from_mins(150));
    assert_eq!(select(AuditFilter { since: Some(since), ..all.clone() }), "76");
    let none = AuditLog::new("other", Arc::new(world.broker().clone()), Duration::from_secs(5));
    assert_eq!(none.page(&all, None, 9).unwrap(), AuditPage::default());
}
