//! Drills: an instance that is killed, a disk that is almost full, a wall clock that is wrong.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use super::super::bundle::{bundles, shuffled};
use super::super::clock::SettableClock;
use super::super::process::until;
use super::super::trouble;
use super::MINUTE;
use super::disk::SmallDisk;
use super::site::Site;

#[test]
#[ignore = "most of a minute of waiting; scripts/nightly runs it"]
fn drill_an_instance_that_is_killed() {
    let Some(mut deployment) = trouble::open("e2e-operator-kill") else { return };
    // The default, so that nobody takes its tasks over before the operator has acted.
    deployment.properties = [("session.timeout.ms", "45000"), ("heartbeat.interval.ms", "3000")].into();
    let mut site = Site::start(deployment, MINUTE, &[]);
    let mut chance = fastrand::Rng::with_seed(4704);
    let all = bundles(20, &mut chance);
    let (one, two) = all.split_at(10);
    site.deployment.write_events(&shuffled(one, 0, &mut chance));
    site.deployment.wait_for_deliveries(one);
    site.kill("b");
    site.deployment.write_events(&shuffled(two, 0, &mut chance));

    let (without, down) = (site.fires("SheafTasksWithoutOwner"), site.fires("SheafInstanceDown"));
    assert_eq!(site.host_of(&down), "b");
    let mut operator = site.operator(&without);
    operator.asks("a");
    let tasks = operator.run("sheaf tasks");
    assert!(tasks.contains("bundle"), "{tasks}");
    operator.run("sheaf instances");
    let members = operator.run("kafka-consumer-groups.sh");
    assert!(members.contains("/b") || members.contains("b-"), "it is still in the group: {members}");
    operator.run("logs | grep -e 'partitions assigned'");

    operator.opens(&down);
    operator.run("sheaf instances");
    operator.run("sheaf tasks");
    let answer = operator.run("curl");
    assert!(answer.contains("no answer"), "{answer}");
    let status = operator.run("status");
    assert!(status.contains("failed"), "{status}");
    operator.run("logs | grep ERROR");
    operator.run("sheaf validate");
    operator.run("sheaf doctor");
    operator.run("restart");
    operator.closes();
    operator.site.clears("SheafInstanceDown");
    operator.site.clears("SheafTasksWithoutOwner");
    // What remains of the first one, which would be the remedy without the second.
    operator.run("restart");
    operator.finish();

    site.deployment.wait_for_deliveries(&all);
    site.deployment.assert_exactly(&all);
    site.clears("SheafInstanceDown");
    site.finish(&["SheafTasksWithoutOwner"]);
}

/// Writes a file that leaves this share of a file system, in per cent.
fn fill(directory: &Path, leave_percent: u64) {
    let mut file = fs::File::create(directory.join("core.4711")).expect("a file");
    let is_full = || {
        let disk = rustix::fs::statvfs(directory).expect("a file system");
        disk.f_bavail * 100 < disk.f_blocks * leave_percent
    };
    while !is_full() {
        file.write_all(&[0; 1 << 13]).expect("written");
    }
}

#[test]
#[ignore = "a minute: the free space is measured each ten seconds; scripts/nightly runs it"]
fn drill_a_disk_that_is_almost_full() {
    let Some(deployment) = trouble::open("e2e-operator-disk") else { return };
    let state = deployment.directory.join("state-b");
    let Some(disk) = SmallDisk::mount(&state, "160m") else {
        println!("NOT RUN: no file system can be mounted here, so no disk can be filled");
        return;
    };
    let mut site = Site::start(deployment, MINUTE, &[]);
    site.disk = Some(disk);
    let mut chance = fastrand::Rng::with_seed(4705);
    let all = bundles(40, &mut chance);
    let (one, two) = all.split_at(20);
    site.deployment.write_events(&shuffled(one, 0, &mut chance));
    site.deployment.wait_for_deliveries(one);

    fill(&state, 10);
    let alert = site.fires("SheafStateDiskFilling");
    assert_eq!(site.host_of(&alert), "b");
    let mut operator = site.operator(&alert);
    let free = operator.run("df -h");
    assert!(free.contains("90%") || free.contains("91%"), "{free}");
    operator.run("du -sh");
    operator.run("promtool query instant");
    operator.run("promtool query instant");
    let largest = operator.run("du -xah");
    let file = largest.split_whitespace().find(|word| word.ends_with("core.4711")).expect("what is not of sheaf");
    operator.knows("FILE", file);
    operator.run("rm FILE");
    operator.finish();
    site.clears("SheafStateDiskFilling");

    fill(&state, 4);
    let alert = site.fires("SheafStateDiskFull");
    assert_eq!(site.host_of(&alert), "b");
    let mut operator = site.operator(&alert);
    operator.run("df -h");
    operator.run("du -sh");
    let tasks = operator.run("sheaf tasks");
    assert!(tasks.contains("running"), "it still works: {tasks}");
    operator.run("stop");
    let last_copy = operator.run("logs | grep 'does not belong to the store'");
    assert_eq!(last_copy, "", "so they are not the last copy");
    operator.run("rm -r");
    // There is space.
    operator.site.disk.as_ref().expect("mounted").grow("400m");
    operator.run("start");
    operator.finish();

    site.deployment.write_events(&shuffled(two, 0, &mut chance));
    site.deployment.wait_for_deliveries(&all);
    site.deployment.assert_exactly(&all);
    site.clears("SheafStateDiskFilling");
    // While the instance was stopped its tasks had no owner.
    site.finish(&["SheafStateDiskFull", "SheafTasksWithoutOwner"]);
}

#[test]
#[ignore = "most of a minute of waiting; scripts/nightly runs it"]
fn drill_a_clock_that_is_wrong() {
    let Some(deployment) = trouble::open("e2e-operator-clock") else { return };
    let clock = SettableClock::new(&deployment.directory);
    let mut site = Site::start(deployment, MINUTE, &clock.environment());
    let mut chance = fastrand::Rng::with_seed(4706);
    let all = bundles(20, &mut chance);
    clock.set_ahead(Duration::from_hours(2));
    site.instance("b").wait_for_log("the wall clock was set far ahead and is not followed");
    site.deployment.write_events(&shuffled(&all, 0, &mut chance));

    let alert = site.fires("SheafClockSkewed");
    assert_eq!(site.host_of(&alert), "b");
    // The brokers refuse what it writes.
    site.instance("b").wait_for_log("InvalidRecord");
    let mut operator = site.operator(&alert);
    let skews = operator.run("promtool query instant");
    assert!(skews.lines().any(|line| line.contains(&alert["instance"]) && line.contains("=> 7")), "{skews}");
    let wrong = operator.run("date -u");
    let logged = operator.run("logs | grep 'wall clock'");
    assert!(logged.contains("is not followed"), "{logged}");
    assert!(operator.site.deployment.folders() < all.len(), "its tasks deliver nothing");
    operator.run("set_clock");
    let right = operator.run("date -u");
    assert_ne!(wrong, right);
    operator.run("sheaf tasks");
    operator.finish();

    site.clears("SheafClockSkewed");
    site.deployment.wait_for_deliveries(&all);
    site.deployment.assert_exactly(&all);
    until("nothing waits", || site.prometheus.series("sheaf_consumer_lag_records > 0").is_empty());
    site.finish(&["SheafClockSkewed", "SheafConsumerStalled"]);
}
