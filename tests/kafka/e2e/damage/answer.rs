//! Answers that are lost or not true: the end of a transaction that nobody hears of, executed and not; a proxy's answer in
//! place of Control-M's.

use sheaf::mock::control_m::{Action, Fault};

use super::super::bundle::{Bundle, bundles};
use super::super::process::until;
use super::super::stage::Stage;
use super::halves;
use super::proxy::{Loss, Proxy};

#[test]
fn a_commit_with_a_lost_answer_is_resolved_without_duplicates() {
    let Some(stage) = Stage::open("e2e-answer") else { return };
    let proxy = Proxy::start(&stage.scene.settings.bootstrap_servers);
    let all = bundles(60, &mut fastrand::Rng::with_seed(81));
    let mut instance = stage.start_with("a", &[("SHEAF_KAFKA__BOOTSTRAP_SERVERS", &proxy.bootstrap_servers())]);
    instance.ready();
    // Every entry has been decoded once and is in the cache when its children come.
    stage.write_events(&halves(&all).0);
    stage.kept(&stage.own("bundle-changelog"), &all);
    for (number, (loss, part)) in [Loss::Answer, Loss::Request].into_iter().zip(all.chunks(30)).enumerate() {
        let times_before = in_doubt(&instance.said());
        proxy.lose(loss);
        stage.write_events(&halves(part).1);
        until(&format!("sheaf is in doubt about a commit: {loss:?}"), || in_doubt(&instance.said()) > times_before);
        assert!(proxy.lost() > 0, "the proxy lost none");
        proxy.heal();
        let done: Vec<_> = all.iter().take(30 * (number + 1)).cloned().collect();
        stage.delivered(&done);
    }
    stage.exactly(&all);
    assert_eq!(instance.terminate(), Some(0), "it has lived through all of them");
}

#[test]
fn a_submit_that_a_proxy_forwards_and_answers_with_503_makes_one_folder() {
    let Some(stage) = Stage::open("e2e-503") else { return };
    let all = bundles(4, &mut fastrand::Rng::with_seed(82));
    let body = "<html><body>503 Service Unavailable</body></html>".to_owned();
    let proxy = Action::RespondAfter { status: 503, body };
    let struck = u64::try_from(all.len()).expect("few");
    stage.simulator.inject(Fault { times: Some(struck), ..Fault::always("POST", "/run/ondemand", proxy) });
    let mut instance = stage.run("a");
    stage.write_events(&all.iter().flat_map(Bundle::events).collect::<Vec<_>>());
    stage.delivered(&all);
    stage.exactly(&all);
    assert_eq!(stage.simulator.dump().calls("POST /run/ondemand"), struck, "each is looked up, and found");
    assert_eq!(instance.terminate(), Some(0));
}

/// How often the instance did not hear whether a transaction was committed.
fn in_doubt(said: &str) -> usize {
    said.lines().filter(|line| line.contains("committing the transaction") && line.contains("retrying")).count()
}
