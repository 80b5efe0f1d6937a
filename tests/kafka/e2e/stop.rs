//! The end of an instance: by a signal, by a second one, by another process with the same instance id.

use std::time::Duration;

use rustix::process::Signal;
use sheaf::broker::{ConsumerSpec, Waker};

use super::super::cluster::{KafkaCluster, is_skipped};
use super::bundle::{bundles, shuffled};
use super::deployment::Deployment;
use super::process::until;

#[test]
fn with_one_instance_id_the_newer_process_waits_while_the_older_lives() {
    let Some(deployment) = Deployment::open("e2e-same-id") else { return };
    let mut chance = fastrand::Rng::with_seed(7);
    let all = bundles(60, &mut chance);
    let (one, rest) = all.split_at(20);
    let (two, _) = rest.split_at(20);
    let mut older = deployment.run("a");
    deployment.write_events(&shuffled(one, 0, &mut chance));
    deployment.wait_for_deliveries(one);
    let mut newer = deployment.start_in("a", "another-disk");
    let named = format!("waiting for the end of another process of instance id a: process {}", older.id());
    newer.wait_for_log(&named);
    assert!(newer.log_text().contains("SHEAF_INSTANCE_ID"), "the remedy is missing: {}", newer.log_text());
    until("/readyz has the reason", || {
        newer
            .http_get("/readyz")
            .is_some_and(|(status, body)| status == 503 && body.contains("process of instance id a"))
    });
    // Longer than the time without a heartbeat after which a process counts as dead.
    std::thread::sleep(Duration::from_secs(15));
    deployment.write_events(&shuffled(two, 0, &mut chance));
    deployment.wait_for_deliveries(&all[..40]);
    assert!(older.ended().is_none() && newer.ended().is_none(), "{}", older.log_text());
    older.kill();
    newer.ready();
    deployment.write_events(&shuffled(&all[40..], 0, &mut chance));
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(newer.terminate(), Some(0));
}

#[test]
fn a_process_without_a_sign_of_life_is_replaced_and_names_the_newer_when_it_goes_on() {
    let Some(deployment) = Deployment::open("e2e-replaced") else { return };
    let mut chance = fastrand::Rng::with_seed(8);
    let all = bundles(40, &mut chance);
    let (one, two) = all.split_at(20);
    let mut older = deployment.run("a");
    deployment.write_events(&shuffled(one, 0, &mut chance));
    deployment.wait_for_deliveries(one);
    older.signal(Signal::STOP);
    let mut newer = deployment.start_in("a", "another-disk");
    newer.ready();
    older.signal(Signal::CONT);
    assert_eq!(older.exit_code(), Some(1));
    let log_text = older.log_text();
    let named = format!("another process took over instance id a: process {}", newer.id());
    assert!(log_text.contains(&named), "{log_text}");
    assert!(log_text.contains("SHEAF_INSTANCE_ID"), "the remedy is missing: {log_text}");
    deployment.write_events(&shuffled(two, 0, &mut chance));
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(newer.terminate(), Some(0));
}

#[test]
fn a_member_that_no_newer_start_has_fenced_rejoins() {
    let Some(deployment) = Deployment::open("e2e-fenced") else { return };
    let mut chance = fastrand::Rng::with_seed(73);
    let all = bundles(40, &mut chance);
    let (one, two) = all.split_at(20);
    let mut instance = deployment.run("a");
    deployment.write_events(&shuffled(one, 0, &mut chance));
    deployment.wait_for_deliveries(one);
    // After an outage the coordinator may fence a member by itself; here another client fences it, which does not register.
    let application = deployment.application();
    let group_instance = Some(format!("{application}-000-a"));
    let spec = ConsumerSpec { group: application, group_instance, waker: Waker::none() };
    let mut other = deployment.fixture.broker.consumer(&spec).expect("a consumer");
    other.subscribe(&[deployment.topic("parents")]).expect("subscribed");
    until("the instance joins anew", || {
        // The other client is fenced when the member has rejoined.
        let (Ok(_) | Err(_)) = other.poll();
        instance.log_text().contains("rejoining the group")
    });
    drop(other);
    deployment.write_events(&shuffled(two, 0, &mut chance));
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    instance.ready();
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn a_restart_after_a_clean_stop_moves_nothing_and_restores_nothing() {
    let Some(deployment) = Deployment::open("e2e-restart") else { return };
    let mut chance = fastrand::Rng::with_seed(71);
    let all = bundles(100, &mut chance);
    let (one, two) = all.split_at(50);
    let mut first = deployment.run("a");
    let mut second = deployment.run("b");
    // Each instance has one or two tasks of each processor once the partitions are shared.
    until("the partitions are shared", || {
        [&first, &second].iter().all(|instance| instance.metric("sheaf_consumer_assigned_partitions", "") >= 4.0)
    });
    deployment.write_events(&shuffled(one, 0, &mut chance));
    deployment.wait_for_deliveries(one);
    let rebalances = first.metric("sheaf_consumer_rebalances_total", "");
    assert_eq!(second.terminate(), Some(0));
    let mut second = deployment.run("b");
    deployment.write_events(&shuffled(two, 0, &mut chance));
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    let moved = first.metric("sheaf_consumer_rebalances_total", "") - rebalances;
    assert!(moved.abs() < 0.5, "the other instance had {moved} changes of its assignment");
    let restored = second.metric("sheaf_store_restored_records_total", "");
    assert!(restored < 0.5, "{restored} records were restored");
    assert_eq!(first.terminate(), Some(0));
    assert_eq!(second.terminate(), Some(0));
}

#[test]
fn a_start_logs_some_ten_lines_and_a_hang_up_reloads() {
    let Some(deployment) = Deployment::open("e2e-reload") else { return };
    let mut instance = deployment.run("a");
    instance.wait_for_log("all tasks of the thread are running");
    // The client that compared the backlog is closed by then.
    std::thread::sleep(Duration::from_secs(2));
    let log_text = instance.log_text();
    let lines: Vec<_> = log_text.lines().filter(|line| !line.contains("librdkafka")).collect();
    assert!(lines.len() <= 12, "{} lines: {log_text}", lines.len());
    assert!(!log_text.contains(r#""level":"ERROR""#), "{log_text}");
    instance.signal(Signal::HUP);
    instance.wait_for_log("reloaded; these have changed");
    instance.ready();
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    if is_skipped() {
        return;
    }
    let cluster = KafkaCluster::start(1);
    let deployment = Deployment::at("e2e-twice", cluster.bootstrap_servers());
    deployment.create_sources();
    let mut chance = fastrand::Rng::with_seed(72);
    let mut instance = deployment.run("a");
    deployment.write_events(&shuffled(&bundles(2_000, &mut chance), 0, &mut chance));
    until("it is at work", || deployment.folders() > 0);
    cluster.stop();
    instance.signal(Signal::TERM);
    instance.wait_for_log("stopping: committing open transactions");
    // Without a broker the orderly stop waits for its time-out.
    assert_eq!(instance.terminate(), Some(130));
    assert!(instance.log_text().contains("second signal"), "{}", instance.log_text());
}

/// What systemd would receive.
fn told(socket: &std::os::unix::net::UnixDatagram) -> String {
    let mut buffer = [0; 1_024];
    let read = socket.recv(&mut buffer).expect("a message within the time-out");
    String::from_utf8_lossy(&buffer[..read]).into_owned()
}

#[test]
fn systemd_is_told_when_it_is_ready_alive_and_stopping() {
    let Some(deployment) = Deployment::open("e2e-systemd") else { return };
    let path = deployment.directory.join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(super::super::fixture::LIMIT)).expect("set");
    let mut instance = deployment.start_with("a", &[("NOTIFY_SOCKET", path.to_str().expect("text"))]);
    let mut before = Vec::new();
    while !before.contains(&"READY=1\n".to_owned()) {
        before.push(told(&socket));
    }
    assert!(instance.is_ready(), "{before:?}");
    assert!(before.iter().any(|it| it.starts_with("STATUS=")), "{before:?}");
    until("the watchdog is told", || told(&socket) == "WATCHDOG=1\n");
    assert_eq!(instance.terminate(), Some(0));
    until("the end is told", || told(&socket) == "STOPPING=1\n");
}
