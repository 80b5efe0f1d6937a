//! The operator's drill: what goes wrong is found, understood and repaired by the lines of the runbook in docs/operations.md, as they
//! stand there. Each case ends with one submission of its bundle and without an open dead letter.

use std::path::PathBuf;
use std::process::Command;

use bytes::Bytes;
use sheaf::secret::Secret;

use super::super::cluster::root;
use super::bundle::{Bundle, bundles};
use super::deployment::Deployment;
use super::process::{Process, until};

/// An operator with a shell.
struct Operator<'d> {
    deployment: &'d Deployment,
    /// The lines of the runbook that are left.
    lines: std::vec::IntoIter<String>,
    url: String,
}

impl<'d> Operator<'d> {
    /// Opens the runbook at the section with this title.
    fn new(deployment: &'d Deployment, instance: &Process, section: &str) -> Self {
        let page = root().join("docs/operations.md");
        let page = std::fs::read_to_string(page).expect("the page");
        let (_, section) = page.split_once(&format!("### {section}\n")).expect("the section");
        let (_, block) = section.split_once("```sh\n").expect("its commands");
        let (block, _) = block.split_once("```").expect("its end");
        let lines: Vec<String> = block.lines().map(str::to_owned).collect();
        Self { deployment, lines: lines.into_iter(), url: format!("http://{}", instance.address()) }
    }

    /// Runs the next line, which has to be this command, with what its words in capitals stand for; returns what it prints.
    fn run(&mut self, command: &str, words: &[(&str, &str)]) -> String {
        let line = self.lines.next().unwrap_or_else(|| panic!("the runbook ends before {command}"));
        assert!(line.starts_with(command), "the runbook goes on with {line}, and not with {command}");
        let line = words.iter().fold(line, |line, (word, value)| line.replace(word, value));
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
    fn finish(mut self, bundle: &Bundle) {
        assert_eq!(self.lines.next(), None, "the runbook has more");
        let folder = format!("folder-{}", bundle.id);
        until("the bundle is submitted", || self.deployment.folders() == 1);
        self.sees(&format!("sheaf deliveries show {}", bundle.id), ": submitted");
        let dump = self.deployment.simulator.dump();
        assert_eq!(dump.folders.get(&folder).map(|folder| folder.submits), Some(1), "{:?}", dump.folders.keys());
        self.sees("sheaf dlq list", "none\n");
    }
}

/// The deployment of a drill; the operator works in its folder.
fn open(test: &str) -> Option<Deployment> {
    let mut deployment = Deployment::open(test)?;
    deployment.template = root().join("templates/bundle.json");
    Some(deployment)
}

fn bundle(seed: u64) -> Bundle {
    bundles(1, &mut fastrand::Rng::with_seed(seed)).remove(0)
}

#[test]
fn drill_a_record_that_cannot_be_read() {
    let Some(deployment) = open("e2e-drill-poison") else { return };
    let mut instance = deployment.run("a");
    let bundle = bundle(1901);
    let whole = bundle.parent.to_string();
    let half = whole.get(..whole.len() - 2).expect("ASCII").to_owned();
    deployment.write([(&deployment.topic("parents"), Bytes::from(half))]);
    deployment.write_events(bundle.events().get(1..).expect("children"));
    instance.wait_for_log("dead letter, unparsable: ");

    let mut operator = Operator::new(&deployment, &instance, "A record cannot be read");
    operator.sees("sheaf dlq list", "unparsable");
    let listed = operator.run("sheaf dlq list", &[]);
    let letter = listed.split_whitespace().find(|word| word.starts_with(deployment.topic("parents").as_str()));
    let letter = letter.unwrap_or_else(|| panic!("no letter: {listed}")).to_owned();
    let words = [("LETTER", letter.as_str()), ("ID", bundle.id.as_str()), ("FILE", "mended.json")];
    let shown = operator.run("sheaf dlq show", &words);
    assert!(shown.contains("\nvalue\n  {\"children\":"), "the record: {shown}");
    assert!(shown.contains(&format!("sheaf dlq edit {letter} --value FILE")), "what can be done: {shown}");
    std::fs::write(deployment.directory.join("mended.json"), &whole).expect("written");
    let edited = operator.run("sheaf dlq edit", &words);
    assert!(edited.contains(&format!("{letter}  accepted: open -> edited")), "{edited}");
    operator.sees(&format!("sheaf bundles show {}", bundle.id), "complete, and handed on");
    operator.run("sheaf bundles show", &words);
    operator.finish(&bundle);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn drill_a_missing_parent() {
    let Some(mut deployment) = open("e2e-drill-parent") else { return };
    deployment.sla = "3s";
    let mut instance = deployment.run("a");
    let bundle = bundle(1902);
    deployment.write_events(bundle.events().get(1..).expect("children"));
    instance.wait_for_log("sla_breach");

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
    deployment.write_events(bundle.events().get(..1).expect("the parent"));
    operator.sees(&format!("sheaf bundles show {}", bundle.id), "complete, and handed on");
    operator.run("sheaf bundles show", &words);
    operator.finish(&bundle);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn drill_a_target_that_refuses_everybody() {
    let Some(deployment) = open("e2e-drill-target") else { return };
    let mut deployment = deployment.with_simulator(|mut settings| {
        settings.api_keys = vec![Secret::new("the-new-key".to_owned())];
        settings
    });
    let key = deployment.directory.join("key");
    std::fs::write(&key, "the-old-key").expect("written");
    deployment.control_m = vec![format!("api_key: \"${{file:{}}}\"", key.display())];
    let mut instance = deployment.run("a");
    let bundle = bundle(1903);
    deployment.write_events(&bundle.events());
    instance.wait_for_log("a target refuses everybody: the sink is suspended");

    let mut operator = Operator::new(&deployment, &instance, "Control-M refuses everybody");
    operator.sees("sheaf bundles list", "closed");
    let details = operator.run("sheaf instances -o json", &[]);
    assert!(details.contains("sink control_m") && details.contains("401"), "{details}");
    let checked = operator.run("sheaf doctor", &[]);
    assert!(checked.contains("can be reached"), "so it is not the network: {checked}");
    assert_eq!(deployment.folders(), 0);
    std::fs::write(&key, "the-new-key").expect("written");
    operator.sees(&format!("sheaf deliveries show {}", bundle.id), ": submitted");
    operator.run("sheaf deliveries show", &[("ID", &bundle.id)]);
    operator.finish(&bundle);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn drill_a_definition_that_fails() {
    let Some(mut deployment) = open("e2e-drill-definition") else { return };
    let template = std::fs::read_to_string(&deployment.template).expect("the template");
    let with = |text: &str| template.replace("\"The parent event\"", text);
    let path = deployment.directory.join("template.json");
    std::fs::write(&path, with("\"{{ parent.region }}\"")).expect("written");
    deployment.template = path.clone();
    let mut instance = deployment.run("a");
    let bundle = bundle(1904);
    deployment.write_events(&bundle.events());
    instance.wait_for_log("delivery_failed");

    let mut operator = Operator::new(&deployment, &instance, "A delivery has failed");
    let id = bundle.id.as_str();
    operator.sees("sheaf deliveries list --status failed", id);
    operator.run("sheaf deliveries list --status failed", &[]);
    let shown = operator.run("sheaf deliveries show", &[("ID", id)]);
    assert!(shown.contains("failed, and is not tried again") && shown.contains("region"), "the reason: {shown}");
    assert!(shown.contains(&format!("sheaf deliveries resubmit {id}")), "what can be done: {shown}");
    std::fs::write(&path, with("\"{{ parent.region | default('none') }}\"")).expect("written");
    instance.wait_for_log("template changed: new submissions use it");
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
