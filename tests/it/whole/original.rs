//! The defects of the original consumer, as days that end well here: with the real sink, over HTTP, against the simulator, all on one
//! clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use sheaf::broker::memory;
use sheaf::metric::{Build, Metrics};
use sheaf::mock::control_m::{Action, Dump, Fault, Simulator, SimulatorHandle, SimulatorSettings};
use sheaf::model::{Completion, Execution, OutRecord, Sink, Target, Timestamp, Topic};
use sheaf::processor::delivery::Delivery;
use sheaf::processor::delivery::control_m::usual_settings;
use sheaf::runtime::{Limits, Settings, TopicSettings};
use sheaf::secret::Secret;
use sheaf::sim::{ManualClock, Setup, World, never_crash};
use sheaf::sink::control_m::{self, ControlM};
use sheaf::template::Template;
use sheaf::topology::Spec;
use tokio::runtime::Runtime;

use super::{APPLICATION, TIMEOUT, json, records, write};

const TOPOLOGY: &str = include_str!("../../../topologies/control-m.yaml");
const TEMPLATE: &str = include_str!("../../../templates/bundle.json");
const ID: &str = "5a3e1c00-7b2d-4f6a-9c8e-d0b1a2c3e4f5";
const FOLDER: &str = "folder-5a3e1c00-7b2d-4f6a-9c8e-d0b1a2c3e4f5";
/// 2026-03-10T23:30Z, half an hour before midnight, when the next order date begins at the server.
const EVENING: Timestamp = Timestamp::from_millis(1_773_185_400_000);
const MINUTE: Duration = Duration::from_mins(1);
const SUBMIT: &str = "POST /run/ondemand";

/// Control-M's sink, with the number of its calls in flight.
#[derive(Debug)]
struct Counted(ControlM, Arc<AtomicUsize>);

impl Sink for Counted {
    fn execute(&self, execution: Execution, done: Completion) {
        self.1.fetch_add(1, Ordering::SeqCst);
        let in_flight = Arc::clone(&self.1);
        let done = move |outcome| {
            done(outcome);
            in_flight.fetch_sub(1, Ordering::SeqCst);
        };
        self.0.execute(execution, Box::new(done));
    }

    fn capacity(&self, to: &Target) -> usize {
        self.0.capacity(to)
    }
}

/// A cluster with instances, and a Control-M.
struct Day {
    world: World,
    simulator: SimulatorHandle,
    in_flight: Arc<AtomicUsize>,
    _runtime: Runtime,
}

impl Day {
    /// A day with this template and one instance, `a`.
    fn new(template: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let (clock, in_flight) = (Arc::new(ManualClock::new(EVENING)), Arc::new(AtomicUsize::new(0)));
        let mut settings = SimulatorSettings::new(clock.clone(), 7);
        settings.pools = vec![("smprod".to_owned(), "bundles".to_owned(), 10)];
        let simulator = Simulator::start(settings, runtime.handle()).unwrap();
        let template = Template::compile("bundle.json", template).unwrap();
        let delivery = |to: &sheaf::topology::spec::Delivery| {
            let folders = to.kind.control_m()?.folders(template.clone());
            Some(Delivery::new(folders, usual_settings()))
        };
        let topology = Spec::parse("control-m.yaml", TOPOLOGY).unwrap().assemble(APPLICATION, delivery).unwrap();
        let sink = {
            let settings = control_m::Settings::new(&simulator.base_url(), Secret::new("any".to_owned()));
            let (handle, clock, in_flight) = (runtime.handle().clone(), clock.clone(), Arc::clone(&in_flight));
            move |_: &str| -> Arc<dyn Sink> {
                let sink = ControlM::new(&settings, handle.clone(), clock.clone()).unwrap();
                Arc::new(Counted(sink, Arc::clone(&in_flight)))
            }
        };
        let of_metrics = topology.clone();
        let world = World::new(Setup {
            topology,
            settings: Settings {
                topics: TopicSettings { partitions: 2, ..TopicSettings::default() },
                limits: Limits { broker_timeout: TIMEOUT, ..Limits::default() },
                ..Settings::new(APPLICATION, "unnamed")
            },
            broker: memory::Settings::default(),
            clock,
            sink: Box::new(sink),
            metrics: Box::new(move || Arc::new(Metrics::of(APPLICATION, &Build::default(), &of_metrics).unwrap())),
            spans: None,
            crash_policy: never_crash(),
        });
        let mut day = Self { world, simulator, in_flight, _runtime: runtime };
        day.world.start("a").unwrap();
        day.pass(MINUTE);
        day
    }

    /// Lets this time pass, in steps of some seconds; calls are answered within the step in which they are made.
    fn pass(&mut self, length: Duration) {
        const STEP: Duration = Duration::from_secs(5);
        for _ in 0..length.as_secs() / STEP.as_secs() {
            self.turn();
            self.world.clock().advance(STEP);
        }
        self.turn();
    }

    /// Turns the instances until they are idle and no call is in flight.
    fn turn(&mut self) {
        let begun = Instant::now();
        let mut idle = 0;
        while idle < 3 {
            let busy = self.world.turn().unwrap() || self.in_flight.load(Ordering::SeqCst) > 0;
            idle = if busy { 0 } else { idle + 1 };
            assert!(begun.elapsed() < Duration::from_mins(1), "a call has no answer");
            std::thread::yield_now();
        }
    }

    fn parent(&self) {
        self.event("ctm-parent-events", &json!({ "id": ID, "description": "Parent event message" }));
    }

    fn child(&self) {
        self.event("ctm-children-events", &json!({ "id": "11111111-7b2d-4f6a-9c8e-d0b1a2c3e4f5", "parent_id": ID }));
    }

    fn event(&self, topic: &str, event: &Value) {
        write(&self.world, [OutRecord::unkeyed(&Topic::new(topic), Bytes::from(event.to_string()))]);
    }

    fn dump(&self) -> Dump {
        self.simulator.dump()
    }

    /// How often the folder was ordered, and the number of submits in all.
    fn submits(&self) -> (u64, u64) {
        let dump = self.dump();
        (dump.folders.get(FOLDER).map_or(0, |folder| folder.submits), dump.calls(SUBMIT))
    }

    /// The status of the job of the bundle with this prefix.
    fn job(&self, prefix: &str) -> Option<String> {
        let name = format!("{prefix}-{ID}");
        self.dump().jobs.into_iter().find(|row| row.name == name).map(|row| row.status)
    }

    /// The kinds of the alerts so far.
    fn alerts(&self) -> Vec<String> {
        let kind = |record| json(&record)["kind"].as_str().unwrap().to_owned();
        records(&self.world, "app-alerts").into_iter().map(kind).collect()
    }

    fn assert_done_once(&self) {
        assert_eq!(self.submits(), (1, 1), "{:?}", self.dump());
        for job in ["prnt", "child-1", "appl", "service"] {
            assert_eq!(self.job(job).as_deref(), Some("Ended OK"), "{job}: {:?}", self.dump().jobs);
        }
    }
}

/// D0-a: there it ran the jobs of a parent that had not come, and refused the true parent as a duplicate.
#[test]
fn a_child_before_its_parent_waits_for_the_true_parent() {
    let mut day = Day::new(TEMPLATE);
    day.child();
    day.pass(20 * MINUTE);
    assert_eq!(day.submits(), (0, 0), "no parent is made up");
    day.parent();
    day.pass(MINUTE);
    day.assert_done_once();
    assert_eq!(day.alerts(), [""; 0]);
}

/// D0-b: there the event of the child had the next order date, and the job that waited for it had left.
#[test]
fn a_bundle_over_new_day_runs() {
    let mut day = Day::new(TEMPLATE);
    let evening = day.dump().order_date;
    day.parent();
    day.pass(60 * MINUTE);
    assert_ne!(day.dump().order_date, evening, "it is after New Day");
    day.child();
    day.pass(MINUTE);
    day.assert_done_once();
}

/// D0-b: there a second child ran its job again and left its event over, and a parent within the lag was ordered twice.
#[test]
fn duplicates_change_nothing_whenever_they_come() {
    let mut day = Day::new(TEMPLATE);
    for _ in 0..2 {
        day.parent();
        day.child();
    }
    day.pass(MINUTE);
    day.assert_done_once();
    // Another day, when a search for today's jobs finds nothing.
    day.pass(24 * 60 * MINUTE);
    day.parent();
    day.child();
    day.pass(MINUTE);
    assert_eq!(day.submits(), (1, 1));
    assert_eq!(day.dump().events, [], "no event is left over");
}

/// D0-b: there offsets were not committed, so that a restart lost what came meanwhile.
#[test]
fn events_that_come_while_no_instance_runs_are_not_lost() {
    let mut day = Day::new(TEMPLATE);
    day.child();
    day.pass(MINUTE);
    day.world.crash("a");
    day.parent();
    day.pass(10 * MINUTE);
    day.world.start("a").unwrap();
    day.pass(5 * MINUTE);
    day.assert_done_once();
}

/// D0-b: there each instance processed everything.
#[test]
fn two_instances_submit_a_bundle_once() {
    let mut day = Day::new(TEMPLATE);
    day.world.start("b").unwrap();
    day.pass(2 * MINUTE);
    day.child();
    day.parent();
    day.pass(2 * MINUTE);
    day.assert_done_once();
}

/// D0-b: there any error was printed, and the event was lost.
#[test]
fn a_failure_of_control_m_loses_nothing_and_orders_nothing_twice() {
    for action in [Action::ResetAfter, Action::RespondAfter { status: 503, body: String::new() }] {
        let mut day = Day::new(TEMPLATE);
        day.simulator.inject(Fault::once("POST", "/run/ondemand", action));
        day.parent();
        day.child();
        day.pass(5 * MINUTE);
        day.assert_done_once();
    }
    let mut day = Day::new(TEMPLATE);
    day.simulator.inject(Fault::once("POST", "/run/ondemand", Action::ResetBefore));
    day.parent();
    day.child();
    day.pass(5 * MINUTE);
    assert_eq!(day.submits(), (1, 2), "it was looked up, and was not there");
    assert_eq!(day.job("appl").as_deref(), Some("Ended OK"));
}

/// There an id went into the command of a job, and a quote broke the definition.
#[test]
fn no_event_changes_a_definition() {
    let mut day = Day::new(TEMPLATE);
    for id in ["x; rm -rf DIR #", "\",\"RunAs\":\"root", "%%JOBNAME", "\n"] {
        day.event("ctm-parent-events", &json!({ "id": id }));
        day.event("ctm-children-events", &json!({ "id": ID, "parent_id": id }));
    }
    day.pass(2 * MINUTE);
    assert_eq!((day.submits(), records(&day.world, "app-dead-letters").len()), ((0, 0), 8), "they are no uuids");

    let quoting = TEMPLATE.replace("The parent event", "{{ parent.description }}");
    for hostile in ["\",\"RunAs\":\"root", "a \"quote\"\nand a line", "$(rm -rf /); `id`"] {
        let mut day = Day::new(&quoting);
        day.event("ctm-parent-events", &json!({ "id": ID, "description": hostile }));
        day.child();
        day.pass(MINUTE);
        day.assert_done_once();
        let dump = day.dump();
        let parent = dump.jobs.iter().find(|row| row.name.starts_with("prnt-")).unwrap();
        assert_eq!(parent.description, hostile);
    }
    let mut day = Day::new(&quoting);
    day.event("ctm-parent-events", &json!({ "id": ID, "description": "%%ORDERID" }));
    day.child();
    day.pass(MINUTE);
    assert_eq!((day.submits(), day.alerts()), ((0, 0), vec!["delivery_failed".to_owned()]), "it is told, not lost");
}
