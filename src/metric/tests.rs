//! Tests on the text that Prometheus would scrape.

use std::time::Duration;

use super::{
    Build, Declared, InstanceState, LogLevel, Metrics, Rebalance, Stage, TaskKind, TaskState, TransactionResult,
    reference_page,
};
use crate::model::{RejectReason, TaskId, Topic, TopicPartition};
use crate::processor::delivery::{Delivery, control_m};
use crate::processor::{Count, Family, notification};
use crate::template::Template;
use crate::topology::Spec;

/// The declarations of all built-in processors.
fn declared() -> Declared {
    let spec = Spec::parse("t", include_str!("../../topologies/control-m.yaml")).unwrap();
    let template = Template::compile("t", "{}").unwrap();
    let folders = control_m::Folders::new(template, "s");
    let delivery = Delivery::new(folders, control_m::usual_settings());
    let mut declared = Declared::by(&spec.assemble("ctm", |_| Some(delivery.clone())).unwrap());
    let progressive =
        include_str!("../../topologies/progressive.yaml").replace("retention_days", "track: true, retention_days");
    let progressive = Spec::parse("progressive", &progressive).unwrap();
    let progressive = Declared::by(&progressive.assemble("ctm", |_| Some(delivery.clone())).unwrap());
    declared.families.extend(progressive.families);
    declared.alerts.extend(progressive.alerts);
    declared.families.extend(notification::count::families());
    let flows = Spec::parse("meal", include_str!("../../examples/food/steps.yaml")).unwrap();
    let of_flows = Declared::by(&flows.assemble("meal", |_| None).unwrap());
    declared.families.extend(of_flows.families);
    declared.alerts.extend(of_flows.alerts);
    let trace = Spec::parse("t", include_str!("../../topologies/trace.yaml")).unwrap();
    let schedule = Spec::parse("s", include_str!("../../topologies/schedule.yaml")).unwrap();
    declared.families.extend(Declared::by(&schedule.assemble("ctm", |_| None).unwrap()).families);
    #[cfg(feature = "script")]
    declared.families.extend(crate::processor::script::count::families());
    declared.histograms.extend(of_flows.histograms);
    declared.families.extend(Declared::by(&trace.assemble("ctm", |_| None).unwrap()).families);
    declared
}

fn metrics() -> Metrics {
    let text = || "1".to_owned();
    let build = Build { version: text(), revision: text(), rustc: text(), librdkafka: text(), rocksdb: text() };
    Metrics::new("ctm", &build, declared()).unwrap()
}

/// The value of a series, by the beginning of its line without the constant label.
fn value(metrics: &Metrics, series: &str) -> Option<String> {
    let text = metrics.encode().unwrap().replace("application=\"ctm\",", "").replace("{application=\"ctm\"}", "");
    text.lines().find_map(|line| Some(line.strip_prefix(series)?.strip_prefix(' ')?.to_owned()))
}

fn task(partition: i32) -> TaskId {
    TaskId { processor: "bundle".into(), partition }
}

#[test]
fn every_counter_that_an_alert_uses_is_0_from_the_start() {
    let metrics = metrics();
    metrics.consumer.source(&Topic::new("ctm-parent-events"));
    metrics.task.processor("bundle");
    for series in [
        "sheaf_log_messages_total{level=\"error\"}",
        "sheaf_consumer_records_total{topic=\"ctm-parent-events\"}",
        "sheaf_consumer_rebalances_total{kind=\"lost\"}",
        "sheaf_producer_transactions_total{result=\"fenced\"}",
        "sheaf_processor_dropped_records_total{processor=\"bundle\",reason=\"bad_id\"}",
        "sheaf_bundle_events_total{outcome=\"duplicate\",role=\"child\"}",
        "sheaf_bundles_opened_total",
        "sheaf_bundle_sla_breaches_total{missing=\"child\"}",
        "sheaf_bundle_sla_breaches_total{missing=\"parent\"}",
        "sheaf_alert_events_total{type=\"sla_breach\"}",
        "sheaf_sink_submissions_total{outcome=\"failed\"}",
        "sheaf_sink_retries_total{reason=\"busy\"}",
        "sheaf_notification_messages_total{outcome=\"refused\"}",
        "sheaf_notification_messages_total{outcome=\"gave_up\"}",
        "sheaf_template_renders_total{result=\"undefined\"}",
        "sheaf_dlq_records_total{reason=\"unparsable\",stage=\"decode\"}",
        "sheaf_internal_errors_total{kind=\"unknown_family\"}",
    ] {
        assert_eq!(value(&metrics, series).as_deref(), Some("0"), "{series}\n{}", metrics.encode().unwrap());
    }
}

#[test]
fn every_dead_letter_reason_and_every_stage_begins_at_0() {
    let text = metrics().encode().unwrap();
    let series = text.lines().filter(|line| line.starts_with("sheaf_dlq_records_total{")).count();
    assert_eq!(series, Stage::ALL.len() * RejectReason::ALL.len());
}

#[test]
fn exactly_one_instance_state_is_1() {
    let metrics = metrics();
    metrics.instance(InstanceState::Running);
    let states = InstanceState::ALL
        .map(|state| value(&metrics, &format!("sheaf_instance_state{{state=\"{}\"}}", state.as_str())).unwrap());
    assert_eq!(states, ["0", "0", "0", "1", "0", "0"]);
}

#[test]
fn a_revoked_partition_takes_its_series_along() {
    let metrics = metrics();
    let partition = TopicPartition::new(&Topic::new("t"), 3);
    metrics.consumer.partition_assigned(&partition);
    metrics.consumer.position(&partition, 7, 10);
    assert_eq!(value(&metrics, "sheaf_consumer_lag_records{partition=\"3\",topic=\"t\"}").unwrap(), "3");
    metrics.consumer.partition_revoked(&partition);
    let text = metrics.encode().unwrap();
    assert!(!text.contains("partition=\"3\""), "{text}");
    assert_eq!(value(&metrics, "sheaf_consumer_assigned_partitions{topic=\"t\"}").unwrap(), "0");
}

#[test]
fn entries_of_a_store_are_the_sum_of_its_tasks() {
    let metrics = metrics();
    metrics.task.store_entries(&task(0), 5);
    metrics.task.store_entries(&task(1), 7);
    metrics.task.restored(&task(1), 2, 9);
    assert_eq!(value(&metrics, "sheaf_store_entries{store=\"bundle\"}").unwrap(), "12");
    metrics.task.task_closed(&task(1));
    assert_eq!(value(&metrics, "sheaf_store_entries{store=\"bundle\"}").unwrap(), "5");
    assert_eq!(value(&metrics, "sheaf_store_restore_remaining_records{partition=\"1\",store=\"bundle\"}"), None);
}

#[test]
fn a_steps_counts_arrive_in_their_families() {
    let metrics = metrics();
    metrics.count(Count { family: "bundle_events_total", labels: ["child", "accepted"] }, 1);
    metrics.count(Count { family: "bundles_opened_total", labels: ["", ""] }, 1);
    metrics.count(Count { family: "sink_retries_total", labels: ["busy", ""] }, 1);
    for series in [
        "sheaf_bundle_events_total{outcome=\"accepted\",role=\"child\"}",
        "sheaf_bundles_opened_total",
        "sheaf_sink_retries_total{reason=\"busy\"}",
    ] {
        assert_eq!(value(&metrics, series).unwrap(), "1", "{series}");
    }
    assert_eq!(value(&metrics, "sheaf_internal_errors_total{kind=\"unknown_label\"}").unwrap(), "0");
}

#[test]
fn an_undeclared_count_is_an_internal_error() {
    let metrics = metrics();
    metrics.count(Count { family: "no_such_total", labels: ["", ""] }, 1);
    metrics.count(Count { family: "bundles_closed_total", labels: ["exploded", ""] }, 1);
    metrics.diagnostics.alert("undeclared");
    assert_eq!(value(&metrics, "sheaf_internal_errors_total{kind=\"unknown_family\"}").unwrap(), "1");
    assert_eq!(value(&metrics, "sheaf_internal_errors_total{kind=\"unknown_label\"}").unwrap(), "2");
    assert_eq!(value(&metrics, "sheaf_bundles_closed_total{outcome=\"exploded\"}").unwrap(), "1");
    assert_eq!(value(&metrics, "sheaf_alert_events_total{type=\"other\"}").unwrap(), "1");
}

#[test]
fn two_families_of_one_name_are_found_at_the_start() {
    let family = |help| Family { name: "twice_total", help, labels: &[], series: vec![["", ""]] };
    let made = |families: Vec<Family>| {
        Metrics::new("ctm", &Build::default(), Declared { families, ..Declared::default() }).map(drop)
    };
    made(vec![family("One."), family("One.")]).unwrap();
    let error = made(vec![family("One."), family("Another.")]).unwrap_err();
    assert!(error.to_string().contains("`twice_total` is declared twice"), "{error}");
}

#[test]
fn every_series_that_a_processor_declares_is_0_from_the_start() {
    let metrics = metrics();
    for Family { name, series, .. } in declared().families {
        assert!(!series.is_empty(), "{name}");
        for labels in series {
            metrics.count(Count { family: name, labels }, 1);
        }
    }
    assert_eq!(value(&metrics, "sheaf_internal_errors_total{kind=\"unknown_family\"}").unwrap(), "0");
    assert_eq!(value(&metrics, "sheaf_internal_errors_total{kind=\"unknown_label\"}").unwrap(), "0");
}

#[test]
fn names_are_as_prometheus_wants_them() {
    let metrics = metrics();
    everything(&metrics);
    let text = metrics.encode().unwrap();
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        assert!(name.starts_with("sheaf_") || name.starts_with("process_"), "{name}");
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
        assert!(kind != "histogram" || name.ends_with("_seconds"), "{name}");
        assert!(!name.ends_with("_ms") && !name.contains("milli"), "{name}");
    }
    let helpless = text.lines().filter(|line| line.starts_with("# HELP")).any(|line| line.split(' ').count() < 4);
    assert!(!helpless, "every metric has a help");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the variable is how a person asks for the page to be written")]
fn the_page_of_metrics_is_what_the_registry_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
    let written = reference_page(declared()).unwrap();
    if std::env::var_os("SHEAF_UPDATE_DOCS").is_some() {
        std::fs::write(path, &written).unwrap();
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(page, written, "docs/metrics.md is old: run the test with SHEAF_UPDATE_DOCS=1");
}

/// Calls every method once, so that every family has a series.
fn everything(metrics: &Metrics) {
    let (topic, second) = (Topic::new("t"), Duration::from_secs(1));
    metrics.consumer.consumed(&topic, 1, 10);
    metrics.consumer.position(&TopicPartition::new(&topic, 0), 0, 1);
    metrics.consumer.partition_assigned(&TopicPartition::new(&topic, 0));
    metrics.consumer.rebalanced(Rebalance::Assign);
    metrics.producer.target(&topic);
    metrics.producer.produced(&topic, 1);
    metrics.producer.transaction(TransactionResult::Committed, second);
    metrics.task.tasks(TaskKind::Active, TaskState::Restoring, 1);
    metrics.task.processed("bundle", 1);
    metrics.task.dropped("bundle", RejectReason::BadId);
    metrics.task.store_entries(&task(0), 1);
    metrics.task.restored(&task(0), 1, 0);
    metrics.task.restore_ended(&task(0), second);
    metrics.sink.in_flight("control_m", 1);
    metrics.sink.request("control_m", "submit", Some(200), second);
    metrics.diagnostics.dead_letter(Stage::Decode, RejectReason::BadId);
    metrics.diagnostics.alert("sla_breach");
    metrics.diagnostics.log_message(LogLevel::Warn);
}
