//! The operator's drill from the console, in Chromium: what goes wrong is found from the overview, understood on the page of the entry,
//! and repaired by its forms. `tests/it/console/drill.py` is the operator. `drill` has the same from the command line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use super::bundle::Bundle;
use super::console::chromium;
use super::deployment::Deployment;
use super::process::Process;
use super::trouble::{self, Trouble};

/// The token of the operator.
const TOKEN: &str = "a-token-of-more-than-thirty-two-characters";

/// What the operator asks others for begins with this; a line answers that it is done.
const ASKED: &str = "please: ";

/// A function that sets a trouble up, by the name of the test and further words of `sheaf run`.
type SetUp = fn(&str, &[&str]) -> Option<Trouble>;

/// The operator repairs the trouble of this case; `others` do what is asked for.
fn drill(case: &str, set_up: SetUp, others: impl Fn(&Deployment, &mut Process, &Bundle)) {
    let token = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(token.path(), TOKEN).expect("written");
    let file = token.path().display();
    let tokens = format!("http.tokens=[{{ name: ann, role: admin, token: '${{file:{file}}}' }}]");
    let trouble = set_up(&format!("e2e-console-{case}"), &["--set", &tokens]);
    let Some(Trouble { deployment, mut instance, bundle }) = trouble else { return };
    let mut operator = chromium("drill.py")
        .args([&format!("http://{}", instance.address()), TOKEN, case, &bundle.id, &bundle.parent.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python");
    let mut answers = operator.stdin.take().expect("piped");
    for line in BufReader::new(operator.stdout.take().expect("piped")).lines() {
        let line = line.expect("text");
        println!("{line}");
        if line.starts_with(ASKED) {
            others(&deployment, &mut instance, &bundle);
            writeln!(answers, "done").expect("it waits");
        }
    }
    assert!(operator.wait().expect("its end").success(), "the operator did not succeed");
    trouble::assert_submitted_once(&deployment, &bundle);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
#[ignore = "needs Chromium, chromedriver; scripts/nightly runs it"]
fn console_drill_a_record_that_cannot_be_read() {
    drill("unreadable", trouble::unreadable, |_, _, _| ());
}

#[test]
#[ignore = "needs Chromium, chromedriver; scripts/nightly runs it"]
fn console_drill_a_missing_parent() {
    drill("late", trouble::missing_parent, |deployment, _, bundle| trouble::write_parent(deployment, bundle));
}

#[test]
#[ignore = "needs Chromium, chromedriver; scripts/nightly runs it"]
fn console_drill_a_target_that_refuses_everybody() {
    drill("refused", trouble::refusing_target, |deployment, _, _| trouble::rotate_key(deployment));
}

#[test]
#[ignore = "needs Chromium, chromedriver; scripts/nightly runs it"]
fn console_drill_a_definition_that_fails() {
    drill("failed", trouble::failing_definition, |deployment, instance, _| {
        trouble::mend_template(deployment, instance);
    });
}
