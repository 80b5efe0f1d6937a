//! The operator's drill: what goes wrong is found, understood and repaired by the lines of the runbook in docs/operations.md, as they
//! stand there. Each case ends with one submission of its bundle and without an open dead letter.

use std::path::PathBuf;
use std::process::Command;

use super::bundle::Bundle;
use super::deployment::Deployment;
use super::operator::runbook::Runbook;
use super::process::{Process, until};
use super::trouble::{self, Trouble};

/// An operator with a shell.
struct Operator<'d> {
    deployment: &'d Deployment,
    runbook: Runbook,
    url: String,
}

impl<'d> Operator<'d> {
    /// Opens the runbook at the section with this title.
    fn new(deployment: &'d Deployment, instance: &Process, section: &str) -> Self {
        let runbook = Runbook::open("docs/operations.md", section);
        Self { deployment, runbook, url: format!("http://{}", instance.address()) }
    }

    /// Runs the next line, which has to be this command, with what its words in capitals stand for; returns what it prints.
    fn run(&mut self, command: &str, words: &[(&str, &str)]) -> String {
        let owned = |(word, value): &(&str, &str)| ((*word).to_owned(), (*value).to_owned());
        let line = self.runbook.next(command, &words.iter().map(owned).collect());
        let (printed, is_well) = self.shell(&line);
        assert!(is_well, "{line}: {printed}");
        printed
    }

    /// What a command of the shell prints, and whether its exit code is 0.
    fn shell(&self, line: &str) -> (String, bool) {
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_sheaf"));
        let path = std::env::var("PATH").expect("a path");
        let output = Command::new("sh")
            .args(["-c", line])
            .current_dir(&self.deployment.directory)
            .env("PATH", format!("{}:{path}", binary.parent().expect("its folder").display()))
            .env("SHEAF_URL", &self.url)
            .env("SHEAF_CONFIG", self.deployment.directory.join("a-0.yaml"))
            .output()
            .expect("sh");
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
        println!("$ {line}\n{printed}");
        (printed, output.status.success())
    }

    /// Waits until a command prints this.
    fn sees(&self, line: &str, text: &str) {
        until(&format!("`{line}` prints `{text}`"), || self.shell(line).0.contains(text));
    }

    /// The end of a drill: the runbook has no further line, the bundle was submitted once, and no letter is open.
    fn finish(self, bundle: &Bundle) {
        trouble::assert_submitted_once(self.deployment, bundle);
        self.sees(&format!("sheaf deliveries show {}", bundle.id), ": submitted");
        self.sees("sheaf dlq list", "none\n");
        self.runbook.finish();
    }
}

#[test]
fn drill_a_record_that_cannot_be_read() {
    let trouble = trouble::unreadable("e2e-drill-poison", &[]);
    let Some(Trouble { deployment, mut instance, bundle }) = trouble else { return };

    let mut operator = Operator::new(&deployment, &instance, "A record cannot be read");
    operator.sees("sheaf dlq list", "unparsable");
    let listed = operator.run("sheaf dlq list", &[]);
    let letter = listed.split_whitespace().find(|word| word.starts_with(deployment.topic("parents").as_str()));
    let letter = letter.unwrap_or_else(|| panic!("no letter: {listed}")).to_owned();
    let words = [("LETTER", letter.as_str()), ("ID", bundle.id.as_str()), ("FILE", "mended.json")];
    let shown = operator.run("sheaf dlq show", &words);
    assert!(shown.contains("\nvalue\n  {\"children\":"), "the record: {shown}");
    assert!(shown.contains(&format!("sheaf dlq edit {letter} --value FILE")), "what can be done: {shown}");
    std::fs::write(deployment.directory.join("mended.json"), bundle.parent.to_string()).expect("written");
    let edited = operator.run("sheaf dlq edit", &words);
    assert!(edited.contains(&format!("{letter}  accepted: open -> edited")), "{edited}");
    operator.sees(&format!("sheaf bundles show {}", bundle.id), "complete, and handed on");
    operator.run("sheaf bundles show", &words);
    operator.finish(&bundle);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn drill_a_missing_parent() {
    let trouble = trouble::missing_parent("e2e-drill-parent", &[]);
    let Some(Trouble { deployment, mut instance, bundle }) = trouble else { return };

    let mut operator = Operator::new(&deployment, &instance, "A bundle is late");
    let words = [("ID", bundle.id.as_str())];
    operator.sees("sheaf bundles list --status breached", &bundle.id);
    let listed = operator.run("sheaf bundles list --status breached", &[]);
    assert!(listed.contains("parent"), "it tells what is missing: {listed}");
    let shown = operator.run("sheaf bundles show", &words);
    assert!(shown.contains("late, waits for its parent") && shown.contains("the deadline passed"), "{shown}");
    assert!(operator.run("sheaf dlq list", &[]).starts_with("none"), "it is not among the dead letters");
    let extended = operator.run("sheaf bundles extend", &words);
    assert!(extended.contains("accepted: breached/waiting-parent -> open/waiting-parent"), "{extended}");
    // Its producer writes it.
    trouble::write_parent(&deployment, &bundle);
    operator.sees(&format!("sheaf bundles show {}", bundle.id), "complete, and handed on");
    operator.run("sheaf bundles show", &words);
    operator.finish(&bundle);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn drill_a_target_that_refuses_everybody() {
    let trouble = trouble::refusing_target("e2e-drill-target", &[]);
    let Some(Trouble { deployment, mut instance, bundle }) = trouble else { return };

    let mut operator = Operator::new(&deployment, &instance, "Control-M refuses everybody");
    operator.sees("sheaf bundles list", "closed");
    let details = operator.run("sheaf instances -o json", &[]);
    assert!(details.contains("sink control_m") && details.contains("401"), "{details}");
    let checked = operator.run("sheaf doctor", &[]);
    assert!(checked.contains("can be reached"), "so it is not the network: {checked}");
    assert_eq!(deployment.folders(), 0);
    trouble::rotate_key(&deployment);
    operator.sees(&format!("sheaf deliveries show {}", bundle.id), ": submitted");
    operator.run("sheaf deliveries show", &[("ID", &bundle.id)]);
    operator.finish(&bundle);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn drill_a_definition_that_fails() {
    let trouble = trouble::failing_definition("e2e-drill-definition", &[]);
    let Some(Trouble { deployment, mut instance, bundle }) = trouble else { return };

    let mut operator = Operator::new(&deployment, &instance, "A delivery has failed");
    let id = bundle.id.as_str();
    operator.sees("sheaf deliveries list --status failed", id);
    operator.run("sheaf deliveries list --status failed", &[]);
    let shown = operator.run("sheaf deliveries show", &[("ID", id)]);
    assert!(shown.contains("failed, and is not tried again") && shown.contains("region"), "the reason: {shown}");
    assert!(shown.contains(&format!("sheaf deliveries resubmit {id}")), "what can be done: {shown}");
    trouble::mend_template(&deployment, &mut instance);
    let resubmitted = operator.run("sheaf deliveries resubmit", &[("ID", id)]);
    assert!(resubmitted.contains(&format!("{id}  accepted: failed -> ")), "{resubmitted}");
    let submission = shown.lines().find_map(|line| line.strip_prefix("submission")).expect("its submission").trim();
    let listed = operator.run("sheaf dlq list", &[("SUBMISSION", submission)]);
    assert!(listed.contains("render"), "it tells of the failure: {listed}");
    let letter = listed.split_whitespace().find(|word| word.contains('@')).expect("a letter");
    operator.run("sheaf dlq discard", &[("LETTER", letter)]);
    operator.finish(&bundle);
    assert_eq!(instance.terminate(), Some(0));
}
