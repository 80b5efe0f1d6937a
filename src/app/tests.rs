//! Tests of turning a configuration into an application.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use tokio::runtime::Runtime;

use super::{ApplicationSpec, Assembly, Calls, Reloader, Resources, Secrets, Templates, TopologyFile};
use super::{broker, broker_settings, settings, sinks, stores};
use crate::config::ProcessingGuarantee;
use crate::config::{Commit, Deadline};
use crate::config::{Config, Sources};
use crate::model::{Act, ActSlot, Execution, Key, Sink, Target, TaskId, Verdict};
use crate::processor::delivery::control_m;
use crate::runtime::{SystemClock, TopicSettings};
use crate::store::rocks::RocksStores;
use crate::template::Template;
use crate::topology::describe;

const TOPOLOGY: &str = include_str!("../../topologies/control-m.yaml");
/// A template.
const FOLDER: &str = r#"{"{{ folder }}": {"Type": "Folder", "ControlmServer": "{{ server_name }}", "DaysKeepActive": "{{ retention_days }}",
    "one": {"Type": "Job:Dummy"}}}"#;
const CONTROL_M: &str = "control_m.base_url=http://127.0.0.1:1/automation-api";

fn config(flags: &[&str]) -> Config {
    let required = ["application_id=ctm", "kafka.bootstrap_servers=127.0.0.1:1"];
    let flags: Vec<String> = required.iter().chain(flags).map(|flag| (*flag).to_owned()).collect();
    Config::load(&Sources { files: &[], environment: &[], flags: &flags, host_name: "a" }).unwrap()
}

fn file() -> TopologyFile {
    TopologyFile::parse("control-m.yaml", TOPOLOGY, |_| Ok(Template::compile("bundle.json", "{}")?)).unwrap()
}

fn spec(config: &Config, path: &Path, file: &TopologyFile) -> ApplicationSpec {
    ApplicationSpec { config: config.clone(), path: path.to_owned(), file: file.clone() }
}

/// A runtime for calls, of which these tests make none.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn the_settings_of_the_runtime_are_those_of_the_configuration() {
    let config = config(&[
        "num_stream_threads=3",
        "partitions=7",
        "replication_factor=2",
        "commit.interval=1s",
        "commit.records_max=5",
        "commit.gap_max=4s",
        "deadline.grace=7s",
        "deadline.max_hold=6s",
        "commit.write_behind=2s",
        "kafka.api_timeout=8s",
        "state_cache_mib=3",
        "restore.records_per_second_max=9",
        "num_standby_replicas=1",
        "processing_guarantee=at_least_once",
        "direct_handover=off",
    ]);
    let settings = settings(&config, "a:80".to_owned());
    assert_eq!((&*settings.application, settings.instance.as_str(), &*settings.http), ("ctm", "a", "a:80"));
    let TopicSettings { partitions, replication, record_bytes_max: _ } = settings.topics;
    assert_eq!((settings.stream_threads, partitions, replication), (3, 7, Some(2)));
    let Commit { interval, records_max, gap_max, write_behind } = settings.commit;
    assert_eq!((interval, records_max), (Duration::from_secs(1), 5));
    let Deadline { grace, max_hold } = settings.processing.deadline;
    let times = [write_behind, gap_max, settings.limits.broker_timeout, grace, max_hold];
    assert_eq!(times.map(|time| time.as_secs()), [2, 4, 8, 7, 6]);
    assert_eq!(settings.cache_bytes, 3 << 20);
    assert_eq!((settings.restore.records_per_second_max, settings.standby_replicas), (Some(9), 1));
    assert_eq!(
        (settings.processing.guarantee, settings.processing.direct_handover),
        (ProcessingGuarantee::AtLeastOnce, false)
    );
}

#[test]
fn routes_of_alerts_add_a_processor_that_raises_none() {
    let drawn = |settings: &[&str]| describe(&file().assemble(&config(settings)).unwrap(), "ctm");
    let sinks = "sinks={ops: {webhook: {url: 'http://h'}}}";
    let with_routes = drawn(&[CONTROL_M, sinks, "alerts.routes=[{to: ops}]"]);
    let (_, notification) = with_routes.split_once("\nnotification\n").unwrap();
    assert!(notification.contains("ctm-alerts ────▶ ctm-notification-inbox"), "{notification}");
    assert!(!notification.contains("─▶ ctm-alerts"), "{notification}");
    assert!(!drawn(&[CONTROL_M, sinks]).contains("notification"));
}

#[test]
fn four_properties_are_settings_and_the_others_are_passed_on() {
    let runtime = runtime();
    let secrets = Arc::new(Secrets::new(runtime.handle()));
    let read = |properties: &[&str]| broker_settings(&config(properties), &secrets);
    let settings = read(&["kafka.properties.linger.ms=5", "kafka.properties.session.timeout.ms=6000"]).unwrap();
    assert_eq!(
        settings.properties.iter().map(|(name, value)| (&**name, &**value)).collect::<Vec<_>>(),
        [("linger.ms", "5")]
    );
    assert_eq!((&*settings.client_id, settings.session_timeout), ("ctm-a", Duration::from_secs(6)));
    assert_eq!(
        settings.transaction_timeout,
        Duration::from_secs(6),
        "a short session time-out shortens the transaction time-out"
    );
    let both = ["kafka.properties.session.timeout.ms=6000", "kafka.properties.transaction.timeout.ms=9000"];
    assert_eq!(read(&both).unwrap().transaction_timeout, Duration::from_secs(9));
    for (flag, expected) in [
        ("max.poll.interval.ms=x", "kafka.properties.max.poll.interval.ms: `x` is not a number of milliseconds"),
        ("partition.assignment.strategy=x", "`x` is not one of cooperative-sticky, range, roundrobin"),
        ("sasl.password=${env:SHEAF_NO_SUCH}", "kafka.properties.sasl.password: ${env:SHEAF_NO_SUCH} does not exist"),
    ] {
        let error = read(&[&format!("kafka.properties.{flag}")]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let unknown = broker(&config(&["kafka.properties.nonsense=1"]), &secrets, None).unwrap_err().to_string();
    assert!(unknown.starts_with("kafka.properties: ") && unknown.contains("nonsense"), "{unknown}");
}

#[test]
fn a_topology_file_is_read_with_its_templates() {
    let file = file();
    let topology = file.assemble(&config(&[CONTROL_M])).unwrap();
    assert_eq!(
        topology.nodes.iter().map(|node| &*node.name).collect::<Vec<_>>(),
        ["bundle", "delivery", "dead-letter"]
    );
    let delivery = file.spec.deliveries().next().unwrap();
    assert_eq!(file.template(delivery).unwrap().name(), "bundle.json");
    let unconfigured = file.assemble(&config(&[])).unwrap_err().to_string();
    let expected = "topology `control-m` delivers to Control-M, which is not configured: set `control_m.base_url`";
    assert_eq!(unconfigured, expected);
}

#[test]
fn an_invalid_file_is_named_with_the_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.yaml");
    let missing = TopologyFile::read(&path).unwrap_err().to_string();
    assert!(missing.starts_with(&*path.to_string_lossy()), "{missing}");
    assert!(missing.ends_with("(set topologies to the path of the file)"), "{missing}");
    let template = directory.path().join("bundle.json");
    let text = TOPOLOGY.replace("templates/bundle.json", &template.to_string_lossy());
    std::fs::write(&path, text).unwrap();
    let error = || TopologyFile::read(&path).unwrap_err().to_string();
    let named = |error: &str| error.starts_with(&format!("{}: deliver.control_m.template: ", path.display()));
    assert!(named(&error()) && error().contains("`bundle.json` does not exist in"), "{}", error());
    std::fs::write(&template, [0xff]).unwrap();
    assert!(named(&error()) && error().contains("line 1: the byte 0xFF is not UTF-8"), "{}", error());
    std::fs::write(&template, "{{ x }").unwrap();
    assert!(named(&error()) && error().contains("line 1"), "{}", error());
    let folder = format!("\u{FEFF}{FOLDER}");
    std::fs::write(&template, &folder).unwrap();
    std::fs::write(&path, format!("\u{FEFF}{}", std::fs::read_to_string(&path).unwrap())).unwrap();
    assert!(TopologyFile::read(&path).unwrap().check().unwrap().is_empty(), "a byte order mark is passed over");
    std::fs::write(&template, folder.replace("folder", "fodler")).unwrap();
    let mistakes = TopologyFile::read(&path).unwrap().check().unwrap_err().to_string();
    assert!(mistakes.starts_with("error: template ") && mistakes.contains("did you mean `folder`?"), "{mistakes}");
    std::fs::write(&path, "name: t\n").unwrap();
    assert!(error().contains("sources: this key is required and missing"), "{}", error());
}

#[test]
fn each_configured_service_has_a_sink() {
    let runtime = runtime();
    let secrets = Arc::new(Secrets::new(runtime.handle()));
    let create = |flags: &[&str]| {
        let metrics = Assembly::new(&config(&[CONTROL_M]), &file()).unwrap().metrics;
        let calls = Calls { handle: runtime.handle().clone(), clock: Arc::new(SystemClock), metrics };
        sinks(&config(flags), &secrets, &calls)
    };
    let target = Target::new(control_m::CONTROL_M);
    let capacity = |flag: &str| create(&[CONTROL_M, flag]).unwrap().capacity(&target);
    assert!(capacity("control_m.in_flight_max=3") < capacity("control_m.in_flight_max=4"));
    let (send, outcome) = mpsc::channel();
    let valid_for = Duration::from_secs(1);
    let act = Act { slot: ActSlot(0), attempt: 1, to: target, valid_for, request: String::new() };
    let task = TaskId { processor: "delivery".into(), partition: 0 };
    let done = Box::new(move |outcome| send.send(outcome).unwrap());
    create(&[])
        .unwrap()
        .execute(Execution { task, key: Key::new("k"), act, expires_at: Duration::MAX, trace: None }, done);
    let verdict = outcome.recv().unwrap().verdict;
    assert_eq!(verdict, Verdict::NotSent("no sink is configured for `control_m`".to_owned()));
    let invalid = create(&["control_m.base_url=nonsense"]).unwrap_err().to_string();
    assert!(invalid.starts_with("control_m.base_url `nonsense` cannot be used"), "{invalid}");
    let missing = create(&[CONTROL_M, "control_m.api_key=${env:SHEAF_NO_SUCH}"]).unwrap_err().to_string();
    assert!(missing.starts_with("control_m.api_key: ${env:SHEAF_NO_SUCH} does not exist"), "{missing}");
}

#[test]
fn an_application_has_the_parts_of_its_configuration() {
    let (runtime, directory) = (runtime(), tempfile::tempdir().unwrap());
    let state_dir = format!("state_dir={}", directory.path().display());
    let config = config(&[CONTROL_M, &state_dir]);
    let assembly = Assembly::new(&config, &file()).unwrap();
    let (metrics, status) = (assembly.metrics.clone(), assembly.status.clone());
    let text = metrics.encode().unwrap();
    assert!(text.contains("sheaf_bundles_opened_total{application=\"ctm\"} 0"), "{text}");
    let built_from = text.lines().find(|line| line.starts_with("sheaf_build_info{")).unwrap();
    for (library, version) in [("rocksdb", RocksStores::library_version()), ("rustc", env!("BUILD_RUSTC_VERSION"))] {
        assert!(built_from.contains(&format!("{library}=\"{version}\"")), "{built_from}");
        assert_eq!(version.split('.').count(), 3, "{version}");
    }
    let resources = Resources::new(&config, runtime.handle(), &metrics).unwrap();
    let opened = stores(&config).unwrap();
    assert!(directory.path().join("ctm").is_dir());
    let error = stores(&config).unwrap_err().to_string();
    assert!(error.starts_with("state_dir: ") && error.contains("in use by another process"), "{error}");
    let application = assembly.application(&config, &resources, opened, String::new());
    assert!(Arc::ptr_eq(&application.status(), &status));
}

#[test]
fn a_mended_template_is_taken_over_and_a_broken_one_is_not() {
    let (runtime, directory) = (runtime(), tempfile::tempdir().unwrap());
    let (path, template) = (directory.path().join("t.yaml"), directory.path().join("bundle.json"));
    std::fs::write(&path, TOPOLOGY.replace("templates/bundle.json", &template.to_string_lossy())).unwrap();
    std::fs::write(&template, FOLDER).unwrap();
    let (config, file) = (config(&[CONTROL_M]), TopologyFile::read(&path).unwrap());
    let metrics = Assembly::new(&config, &file).unwrap().metrics;
    let resources = Resources::new(&config, runtime.handle(), &metrics).unwrap();
    let mut reloader = Reloader::new(&[spec(&config, &path, &file)], &resources);
    let revision = || file.template(file.spec.deliveries().next().unwrap()).unwrap().revision();
    let first = revision();
    assert_eq!(reloader.templates(Templates::All), [""; 0], "it is the same");
    std::fs::write(&template, FOLDER.replace("one", "two")).unwrap();
    assert_eq!(reloader.templates(Templates::Local), [template.to_string_lossy()]);
    let second = revision();
    assert_ne!(second, first);
    for broken in ["{{ x }", r#"{"no_folder": {}}"#] {
        std::fs::write(&template, broken).unwrap();
        assert_eq!(reloader.templates(Templates::Local), [""; 0]);
        assert_eq!(revision(), second, "the former one stays");
    }
    assert!(!reloader.topology_differs(&path));
    std::fs::write(&path, TOPOLOGY).unwrap();
    assert!(reloader.topology_differs(&path), "it names another template");
}

#[test]
fn topologies_that_share_a_template_take_it_over_together() {
    let (runtime, directory) = (runtime(), tempfile::tempdir().unwrap());
    let template = directory.path().join("bundle.json");
    std::fs::write(&template, FOLDER).unwrap();
    let write = |name: &str| {
        let text = TOPOLOGY.replace("templates/bundle.json", &template.to_string_lossy());
        let path = directory.path().join(format!("{name}.yaml"));
        std::fs::write(&path, text.replace("name: control-m", &format!("name: {name}"))).unwrap();
        path.display().to_string()
    };
    let topologies = format!("topologies={},{}", write("a"), write("b"));
    let config = config(&[CONTROL_M, &topologies]);
    let specs = ApplicationSpec::all(&config).unwrap();
    let metrics = Assembly::process_metrics(&config, &Assembly::all(&specs).unwrap()).unwrap();
    let resources = Resources::new(&config, runtime.handle(), &metrics).unwrap();
    let mut reloader = Reloader::new(&specs, &resources);
    std::fs::write(&template, FOLDER.replace("one", "two")).unwrap();
    let name = template.to_string_lossy().into_owned();
    assert_eq!(reloader.templates(Templates::Local), [name], "it is read once for both");
    std::fs::write(&template, "{{ x }").unwrap();
    assert_eq!(reloader.templates(Templates::All), [""; 0]);
    assert!(!specs.iter().any(|spec| reloader.topology_differs(&spec.path)));
    std::fs::write(&specs[1].path, TOPOLOGY).unwrap();
    let differs: Vec<bool> = specs.iter().map(|spec| reloader.topology_differs(&spec.path)).collect();
    assert_eq!(differs, [false, true]);
}

#[test]
fn a_key_is_read_again_when_it_is_as_old_as_its_ttl() {
    let (runtime, directory) = (runtime(), tempfile::tempdir().unwrap());
    let path = directory.path().join("key");
    let key = format!("control_m.api_key=${{file:{}}}", path.display());
    let config = config(&[CONTROL_M, &key, "control_m.credential_ttl=2m"]);
    let metrics = Assembly::new(&config, &file()).unwrap().metrics;
    for (polls, is_taken_over) in
        [(&[0, 119][..], false), (&[120], true), (&[0, 130, 249], false), (&[0, 130, 250], true)]
    {
        std::fs::write(&path, "one").unwrap();
        let resources = Resources::new(&config, runtime.handle(), &metrics).unwrap();
        let mut reloader = Reloader::new(&[spec(&config, Path::new("t.yaml"), &file())], &resources);
        let Some((last, first)) = polls.split_last() else { continue };
        for seconds in first {
            reloader.poll(&config, Duration::from_secs(*seconds));
        }
        std::fs::write(&path, "two").unwrap();
        reloader.poll(&config, Duration::from_secs(*last));
        let remaining = reloader.secrets(&config).unwrap();
        assert_eq!(remaining.is_empty(), is_taken_over, "{polls:?}");
    }
}

#[test]
fn a_reload_reads_the_key_of_its_file_again() {
    let (runtime, directory) = (runtime(), tempfile::tempdir().unwrap());
    let path = directory.path().join("key");
    std::fs::write(&path, "one").unwrap();
    let config = config(&[CONTROL_M, &format!("control_m.api_key=${{file:{}}}", path.display())]);
    let metrics = Assembly::new(&config, &file()).unwrap().metrics;
    let mut reloader = Reloader::new(
        &[spec(&config, Path::new("t.yaml"), &file())],
        &Resources::new(&config, runtime.handle(), &metrics).unwrap(),
    );
    assert_eq!(reloader.secrets(&config).unwrap(), [""; 0]);
    std::fs::write(&path, "two").unwrap();
    assert_eq!(reloader.secrets(&config).unwrap(), ["control_m.api_key"]);
    std::fs::remove_file(&path).unwrap();
    let missing = reloader.secrets(&config).unwrap_err().to_string();
    assert!(missing.starts_with("control_m.api_key: "), "{missing}");
}
