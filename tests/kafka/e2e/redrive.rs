//! A thousand dead letters that are sent again by one command, while instances are killed.

use std::collections::BTreeMap;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use super::bundle::{bundles, shuffled};
use super::deployment::Deployment;
use super::process::{Process, until};

/// Parents whose id is expected in a field that they do not have.
const WRONG: &str = "\
sources:
  - { topic: @parents, member: parent, bundle: /id, id: /event_id, expects: /children }
  - { topic: @children, member: child, bundle: /parent_id, id: /id, position: /position }
bundle: { children: 1, sla: 24h }
";
const COUNT: usize = 1_000;

/// Sends all open letters again; the instance that is asked for them may be killed meanwhile.
const REDRIVE: &str = "dlq redrive --filter reason=missing_field --yes --limit 2000 --why mended";

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned()
}

fn statuses(asked: &Process) -> BTreeMap<String, u64> {
    let Some((200, body)) = asked.http_get("/api/v1/dead-letter/counts") else { return BTreeMap::new() };
    let answer: Value = serde_json::from_str(&body).expect("JSON");
    let counts = answer["counts"].as_object().expect("counts").iter();
    counts.filter_map(|(status, count)| Some((status.clone(), count.as_u64()?))).collect()
}

/// An operator who gives the command, and gives it again whenever it has ended.
struct Operator {
    command: Command,
    running: Child,
}

impl Operator {
    fn of(deployment: &Deployment, asked: &Process) -> Self {
        let mut command = deployment.operator(asked, REDRIVE);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let running = command.spawn().expect("the command");
        Self { command, running }
    }

    /// Always true.
    fn is_at_it(&mut self) -> bool {
        if self.running.try_wait().expect("its status").is_some() {
            self.running = self.command.spawn().expect("the command");
        }
        true
    }

    /// Waits for the command that runs: the instance that it asks is gone.
    fn end(mut self) {
        self.running.wait().expect("its status");
    }
}

#[test]
fn a_thousand_letters_are_each_sent_again_once_although_instances_are_killed() {
    let Some(mut deployment) = Deployment::open("e2e-redrive") else { return };
    deployment.sources = Some(WRONG.to_owned());
    let mut chance = fastrand::Rng::with_seed(41);
    let all = bundles(COUNT, &mut chance);
    let mut first = deployment.run("a");
    deployment.write_events(&shuffled(&all, 0, &mut chance));
    until("each parent is a letter", || statuses(&first).get("open") == Some(&1_000));
    assert_eq!(first.terminate(), Some(0));
    deployment.sources = None;

    let (mut first, mut second) = (deployment.run("a"), deployment.run("b"));
    let mut operator = Operator::of(&deployment, &second);
    let redriven = |asked: &Process| statuses(asked).get("redriven").copied().unwrap_or_default();
    until("some are sent again", || operator.is_at_it() && redriven(&second) >= 100);
    first.kill();
    first = deployment.start("a");
    // The command may end with an error when an instance that has answered it is gone: then it is given again.
    until("more are", || operator.is_at_it() && redriven(&second) >= 300);
    second.kill();
    operator.end();
    first.ready();
    until("the rest is sent again", || {
        let output = deployment.operator(&first, REDRIVE).output().expect("the command");
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", said(&output));
        statuses(&first) == BTreeMap::from([("redriven".to_owned(), 1_000)])
    });

    deployment.wait_for_deliveries(&all);
    deployment.assert_submitted(&all);
    assert_eq!(deployment.read(&deployment.own("redrive")).len(), COUNT, "each was sent again once");
    let executed = deployment.read(&deployment.own("audit")).into_iter().filter(|record| {
        let audit: Value = serde_json::from_slice(record.value.as_deref().unwrap_or_default()).expect("JSON");
        audit["before"] != audit["after"]
    });
    assert_eq!(executed.count(), COUNT, "and audited once");
    assert_eq!(first.terminate(), Some(0));
}
