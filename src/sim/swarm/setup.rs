//! The topology and the settings of a run's instances: the example topology with both processors, on a cluster in memory.

#![expect(clippy::expect_used, reason = "the files are part of the repository, and tests read them")]

use std::sync::Arc;
use std::time::Duration;

use super::executor::{self, Executor};
use super::flows::Flow;
use super::plan::Plan;
use crate::broker::memory;
use crate::config::Commit;
use crate::metric::{Build, Declared, Metrics};
use crate::model::Timestamp;
use crate::processor::dead_letter::DEAD_LETTER;
use crate::processor::delivery::{self, Delivery, control_m};
use crate::processor::flow::{self, Definition, Definitions, FLOW, parse_template};
use crate::runtime::{Limits, Mutation, Processing, Settings, TopicSettings};
use crate::sim::{CrashPolicy, ManualClock, Setup};
use crate::template::Template;
use crate::topology::{BUNDLE, DELIVERY, Spec, StartAt, Topology, add_dead_letters, spec};

/// The topic of submissions is named, so that the seeds of regressions keep their order of events.
const TOPOLOGY: &str = concat!(include_str!("../../../topologies/control-m.yaml"), "submissions: ctm-submissions\n");
const TEMPLATE: &str = include_str!("../../../templates/bundle.json");
/// 2026-01-01 in UTC.
const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);
pub(super) const APPLICATION: &str = "sim";

/// The names of all tasks.
pub(super) fn tasks(plan: &Plan) -> Vec<String> {
    let of = |node: &str| (0..plan.partitions).map(|number| format!("{node}-{number}")).collect::<Vec<_>>();
    if plan.flows.is_some() {
        return of(FLOW);
    }
    #[cfg(feature = "script")]
    if plan.scripts {
        return of(crate::processor::script::SCRIPT);
    }
    let letters = plan.commands.then(|| format!("{DEAD_LETTER}-0"));
    [of(BUNDLE), of(DELIVERY)].concat().into_iter().chain(letters).collect()
}

pub(super) fn setup(
    plan: &Plan,
    seed: u64,
    mutation: Option<Mutation>,
    executor: &Executor,
    crash_policy: CrashPolicy,
) -> Setup {
    let (executor, plan_of_run) = (executor.clone(), plan.clone());
    Setup {
        topology: topology(plan),
        settings: Settings {
            stream_threads: plan.threads,
            topics: TopicSettings { partitions: plan.partitions, ..TopicSettings::default() },
            commit: Commit { records_max: plan.inputs_max, write_behind: plan.write_behind, ..Commit::default() },
            standby_replicas: plan.standbys,
            limits: Limits { broker_timeout: Duration::from_secs(5), ..Limits::default() },
            processing: Processing { guarantee: plan.guarantee, direct_handover: plan.direct, ..Processing::default() },
            mutation,
            ..Settings::new(APPLICATION, "unnamed")
        },
        broker: memory::Settings {
            protocol: plan.protocol,
            fetch_records_max: plan.fetch_max,
            session_timeout: plan.session_timeout,
            marker_delay: plan.marker_delay,
            transaction_timeout: plan.transaction_timeout,
            seed,
            ..memory::Settings::default()
        },
        clock: Arc::new(ManualClock::new(START)),
        sink: Box::new(move |name| executor.sink(name)),
        metrics: Box::new(move || {
            let declared = Declared::by(&topology(&plan_of_run));
            Arc::new(
                Metrics::new(APPLICATION, &Build::default(), declared).expect("names that are fixed in the source"),
            )
        }),
        spans: None,
        crash_policy,
    }
}

fn topology(plan: &Plan) -> Topology {
    if let Some((flow, mutation)) = plan.flows {
        return topology_of(flow, mutation);
    }
    #[cfg(feature = "script")]
    if plan.scripts {
        return topology_of_script();
    }
    let Plan { sla, history, .. } = *plan;
    let text = TOPOLOGY.replace("sla: 24h", &format!("sla: {}s", sla.as_secs()));
    let spec = Spec::parse("topologies/control-m.yaml", &text).expect("the example in the repository");
    let spec = Spec { history, ..spec };
    let template = Template::compile("templates/bundle.json", TEMPLATE).expect("the example in the repository");
    let settings = control_m::usual_settings();
    let settings = delivery::Settings {
        request_timeout: executor::TIMEOUT,
        visibility_lag: executor::VISIBILITY_LAG,
        retry: delivery::Backoff { max: Duration::from_mins(1), ..settings.retry },
        lookup_horizon: Duration::from_hours(7 * 24),
        give_up_after: Duration::from_hours(7 * 24),
        ..settings
    };
    let deliver = |delivery: &spec::Delivery| {
        Some(Delivery::new(delivery.kind.control_m()?.folders(template.clone()), settings.clone()))
    };
    let mut topology = spec.assemble(APPLICATION, deliver).expect("the example in the repository");
    if plan.commands {
        add_dead_letters(APPLICATION, &mut topology);
    }
    // The first start may come late, and after the clock was set: what was written until then is no history.
    for source in &mut topology.sources {
        source.start = Some(StartAt::Earliest);
    }
    topology
}

/// The topology of a script.
#[cfg(feature = "script")]
fn topology_of_script() -> Topology {
    const SCRIPT: &str = include_str!("scripts/rounds.ts");
    use super::scripts::EVENTS;
    use crate::processor::script::{Script, Versions};
    let text = format!(
        "name: rounds\nscript:\n  file: rounds.ts\n  reads: [{{ topic: {EVENTS}, start: earliest }}]\n  cache_mib: 1\n"
    );
    let mut spec = Spec::parse("rounds.yaml", &text).expect("a text of the source");
    let versions = Versions::new(Script::new("rounds.ts", SCRIPT).expect("a file of the repository"));
    spec.script_mut().expect("the topology has a script").versions = Some(versions);
    spec.assemble(APPLICATION, |_| None).expect("a text of the source")
}

/// The topology of flows, each step of which is in the history.
fn topology_of(flow: Flow, mutation: Option<flow::Mutation>) -> Topology {
    let (name, text) = flow.file();
    let spec = Spec { history: true, ..Spec::parse(name, text).expect("a file of the repository") };
    let own = spec.flow().and_then(|it| it.steps.as_deref()).cloned();
    let template = flow.template().map(|text| parse_template(text).expect("a file of the repository"));
    let definitions = own.into_iter().chain(template).map(|it: Definition| it.with_mutation(mutation));
    let assembled = spec.assemble_with(APPLICATION, |_| None, &Definitions::new(definitions));
    let mut topology = assembled.expect("a file of the repository");
    for source in &mut topology.sources {
        source.start = Some(StartAt::Earliest);
    }
    topology
}
