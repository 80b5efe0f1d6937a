//! Lost and wrong answers: the end of a transaction, executed or not, without an answer; a proxy's answer in place of
//! Control-M's.

use sheaf::mock::control_m::{Action, Fault};

use super::super::bundle::{Bundle, bundles, halves};
use super::super::deployment::Deployment;
use super::super::process::until;
use super::proxy::{Loss, Proxy};

#[test]
fn a_commit_with_a_lost_answer_is_resolved_without_duplicates() {
    let Some(deployment) = Deployment::open("e2e-answer") else { return };
    let proxy = Proxy::start(&deployment.fixture.settings.bootstrap_servers);
    let all = bundles(60, &mut fastrand::Rng::with_seed(81));
    let mut instance = deployment.start_with("a", &[("SHEAF_KAFKA__BOOTSTRAP_SERVERS", &proxy.bootstrap_servers())]);
    instance.ready();
    // Every entry was decoded once and is in the cache when its children arrive.
    deployment.write_events(&halves(&all).0);
    deployment.wait_for_entries(&deployment.own("bundle-changelog"), &all);
    for (number, (loss, part)) in [Loss::Answer, Loss::Request].into_iter().zip(all.chunks(30)).enumerate() {
        let times_before = in_doubt(&instance.log_text());
        proxy.lose(loss);
        deployment.write_events(&halves(part).1);
        until(&format!("sheaf is in doubt about a commit: {loss:?}"), || in_doubt(&instance.log_text()) > times_before);
        assert!(proxy.lost() > 0, "the proxy has dropped nothing");
        proxy.heal();
        let done: Vec<_> = all.iter().take(30 * (number + 1)).cloned().collect();
        deployment.wait_for_deliveries(&done);
    }
    deployment.assert_exactly(&all);
    assert_eq!(instance.terminate(), Some(0), "the instance has not survived all faults");
}

#[test]
fn a_submit_that_a_proxy_forwards_and_answers_with_503_makes_one_folder() {
    let Some(deployment) = Deployment::open("e2e-503") else { return };
    let all = bundles(4, &mut fastrand::Rng::with_seed(82));
    let body = "<html><body>503 Service Unavailable</body></html>".to_owned();
    let proxy = Action::RespondAfter { status: 503, body };
    let expected = u64::try_from(all.len()).expect("few");
    let mut instance = deployment.run("a");
    // After the check of the start, which is a submit without a definition.
    let submits = || deployment.simulator.dump().calls("POST /run/ondemand");
    let before = submits();
    deployment.simulator.inject(Fault { times: Some(expected), ..Fault::always("POST", "/run/ondemand", proxy) });
    deployment.write_events(&all.iter().flat_map(Bundle::events).collect::<Vec<_>>());
    deployment.wait_for_deliveries(&all);
    deployment.assert_exactly(&all);
    assert_eq!(submits() - before, expected, "each is looked up, and found");
    assert_eq!(instance.terminate(), Some(0));
}

/// The number of transactions whose outcome was unknown to the instance.
fn in_doubt(log_text: &str) -> usize {
    log_text.lines().filter(|line| line.contains("committing the transaction") && line.contains("retrying")).count()
}
