//! Beside other applications, services and topics of one's own name.

use std::time::{Duration, Instant};

use sheaf::broker::kafka::KafkaSettings;

use super::super::cluster::shared;
use super::super::e2e::bundle::{bundles, shuffled};
use super::super::e2e::deployment::Deployment;
use super::super::e2e::process::until;
use super::super::fixture::Fixture;

#[test]
fn p04_two_applications_with_one_topic_of_submissions_deliver_their_own() {
    let (Some(mut ours), Some(theirs)) = (Deployment::open("case-p04-ours"), Deployment::open("case-p04-theirs"))
    else {
        return;
    };
    ours.submissions.clone_from(&theirs.submissions);
    let topic = theirs.topic("submissions");
    let mut chance = fastrand::Rng::with_seed(84);
    let all = bundles(9, &mut chance);
    let (of_us, of_them) = all.split_at(4);
    let (mut our_instance, mut their_instance) = (ours.run("a"), theirs.run("a"));
    ours.write_events(&shuffled(of_us, 0, &mut chance));
    theirs.write_events(&shuffled(of_them, 0, &mut chance));
    ours.wait_for_deliveries(of_us);
    theirs.wait_for_deliveries(of_them);
    for (instance, others) in [(&our_instance, 5.0), (&their_instance, 4.0)] {
        until("the submissions of the other are passed over", || {
            instance.metric("sheaf_consumer_passed_records_total", topic.as_str()) + 0.5 > others
        });
    }
    for (deployment, all) in [(&ours, of_us), (&theirs, of_them)] {
        let folders = deployment.simulator.dump().folders;
        let expected: std::collections::BTreeMap<_, _> =
            all.iter().map(|bundle| (format!("folder-{}", bundle.id), 1)).collect();
        let found = folders.into_iter().map(|(name, folder)| (name, folder.submits)).collect();
        assert_eq!(expected, found, "each submits its own once");
        assert_eq!(deployment.read(&deployment.own("outcomes")).len(), all.len());
    }
    assert_eq!((our_instance.terminate(), their_instance.terminate()), (Some(0), Some(0)));
}

#[test]
fn p05_the_variables_of_a_service_named_sheaf_are_no_settings() {
    let Some(deployment) = Deployment::open("case-p05") else { return };
    let links = [
        ("SHEAF_PORT", "tcp://10.3.4.5:80"),
        ("SHEAF_PORT_80_TCP", "tcp://10.3.4.5:80"),
        ("SHEAF_PORT_80_TCP_PROTO", "tcp"),
        ("SHEAF_PORT_80_TCP_PORT", "80"),
        ("SHEAF_PORT_80_TCP_ADDR", "10.3.4.5"),
        ("SHEAF_SERVICE_HOST", "10.3.4.5"),
        ("SHEAF_SERVICE_PORT", "80"),
        ("SHEAF_SERVICE_PORT_METRICS", "80"),
        ("SHEAF_HTTP_SERVICE_HOST", "10.3.4.6"),
        ("SHEAF_CONTROL_M_PORT", "tcp://10.3.4.7:8443"),
        ("SHEAF_DNS_PORT_53_UDP_ADDR", "10.3.4.8"),
    ];
    let mut validate = deployment.process(&["validate"], "a", "a", &links);
    assert_eq!(validate.exit_code(), Some(0), "{}", validate.log_text());
    let mut instance = deployment.start_with("a", &links);
    instance.ready();
    assert_eq!(instance.terminate(), Some(0));
    for mistyped in [("SHEAF_HTTP__BIDN", "127.0.0.1:1"), ("SHEAF_COMMIT__INTERVALL", "1s")] {
        let mut process = deployment.process(&["validate"], "a", "a", &[&links[..], &[mistyped]].concat());
        assert_eq!(process.exit_code(), Some(78), "{}", process.log_text());
        let log_text = process.log_text();
        assert!(log_text.contains(mistyped.0) && log_text.contains("did you mean"), "{log_text}");
        assert!(!log_text.contains("SHEAF_PORT"), "{log_text}");
    }
}

#[test]
fn p09_applications_whose_names_run_together_do_not_fence_each_other() {
    let Some(shared) = shared() else { return };
    // "<name>-app" and "prod-app-a", "<name>-app-prod-app" and "a" are the same with hyphens between.
    let name = format!("case-p09-{}", std::process::id());
    let of = |name: String| {
        let deployment = Deployment::on(Fixture::named(name, KafkaSettings::new(shared)));
        deployment.create_sources();
        deployment
    };
    let (short, long) = (of(name.clone()), of(format!("{name}-app-prod")));
    assert_eq!(format!("{}-prod-app-a", short.application()), format!("{}-a", long.application()));
    let mut instances = [short.run("prod-app-a"), long.run("a")];
    let mut chance = fastrand::Rng::with_seed(89);
    let all = [bundles(24, &mut chance), bundles(24, &mut chance)];
    let begun = Instant::now();
    for (one, other) in all[0].chunks(4).zip(all[1].chunks(4)) {
        short.write_events(&shuffled(one, 0, &mut chance));
        long.write_events(&shuffled(other, 0, &mut chance));
        std::thread::sleep(Duration::from_millis(500));
    }
    for (deployment, all) in [(&short, &all[0]), (&long, &all[1])] {
        deployment.wait_for_deliveries(all);
        deployment.assert_exactly(all);
    }
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    for instance in &mut instances {
        let fenced = instance.metric("sheaf_producer_transactions_total", "fenced");
        assert!(fenced < 0.5, "{fenced} transactions were fenced: {}", instance.log_text());
        assert!(!instance.log_text().contains("fenced"), "{}", instance.log_text());
        assert_eq!(instance.terminate(), Some(0));
    }
}

#[test]
fn p27_a_source_that_is_created_anew_while_sheaf_is_stopped_is_read_from_its_beginning() {
    let Some(shared) = shared() else { return };
    let deployment = Deployment::at("case-p27", shared);
    deployment.fixture.topic("parents", 1);
    deployment.fixture.topic("children", 1);
    let mut chance = fastrand::Rng::with_seed(97);
    let all = bundles(36, &mut chance);
    let mut done = 0;
    // First fewer records than before, then more.
    for count in [10, 4, 22] {
        if done > 0 {
            deployment.recreate(&deployment.topic("parents"));
            deployment.recreate(&deployment.topic("children"));
        }
        deployment.write_events(&shuffled(&all[done..done + count], 0, &mut chance));
        let mut instance = deployment.run("a");
        done += count;
        deployment.wait_for_deliveries(&all[..done]);
        assert_eq!(instance.terminate(), Some(0));
    }
    deployment.assert_exactly(&all);
}
