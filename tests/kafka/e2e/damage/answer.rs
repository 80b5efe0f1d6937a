//! The end of a transaction that nobody hears of, executed and not.

use super::super::bundle::bundles;
use super::super::process::until;
use super::super::stage::Stage;
use super::halves;
use super::proxy::{Loss, Proxy};

#[test]
fn a_commit_whose_answer_is_lost_is_found_out_and_nothing_is_done_twice() {
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

/// How often the instance did not hear whether a transaction was committed.
fn in_doubt(said: &str) -> usize {
    said.lines().filter(|line| line.contains("committing the transaction") && line.contains("trying again")).count()
}
