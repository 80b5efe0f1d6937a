//! What an operator is called for: one deployment with one bundle for each section of the runbook in docs/operations.md, and what
//! others than the operator do about it.

use bytes::Bytes;
use sheaf::secret::Secret;

use super::super::cluster::root;
use super::bundle::{Bundle, bundles};
use super::deployment::Deployment;
use super::process::{Process, until};

/// An instance in trouble.
pub(super) struct Trouble {
    pub(super) instance: Process,
    // After its process, which has to end first.
    pub(super) deployment: Deployment,
    pub(super) bundle: Bundle,
}

impl Trouble {
    fn start(deployment: Deployment, words: &[&str], bundle: Bundle) -> Self {
        let mut instance = deployment.command(&[&["run"], words].concat(), "a", "a");
        instance.ready();
        Self { instance, deployment, bundle }
    }
}

/// A deployment whose files are found from any directory.
pub(super) fn open(test: &str) -> Option<Deployment> {
    let mut deployment = Deployment::open(test)?;
    deployment.template = root().join("templates/bundle.json");
    Some(deployment)
}

fn bundle(seed: u64) -> Bundle {
    bundles(1, &mut fastrand::Rng::with_seed(seed)).remove(0)
}

/// A record cannot be read: half of a parent's, which is a dead letter. `words` are further ones of `sheaf run`.
pub(super) fn unreadable(test: &str, words: &[&str]) -> Option<Trouble> {
    let mut trouble = Trouble::start(open(test)?, words, bundle(1901));
    let Trouble { deployment, instance, bundle } = &mut trouble;
    let whole = bundle.parent.to_string();
    let half = whole.get(..whole.len() - 2).expect("ASCII").to_owned();
    deployment.write([(&deployment.topic("parents"), Bytes::from(half))]);
    deployment.write_events(bundle.events().get(1..).expect("children"));
    instance.wait_for_log("dead letter, unparsable: ");
    Some(trouble)
}

/// A bundle is late: its parent is missing.
pub(super) fn missing_parent(test: &str, words: &[&str]) -> Option<Trouble> {
    let mut deployment = open(test)?;
    deployment.sla = "3s";
    let mut trouble = Trouble::start(deployment, words, bundle(1902));
    trouble.deployment.write_events(trouble.bundle.events().get(1..).expect("children"));
    trouble.instance.wait_for_log("sla_breach");
    Some(trouble)
}

/// The producer writes the parent after all.
pub(super) fn write_parent(deployment: &Deployment, bundle: &Bundle) {
    deployment.write_events(bundle.events().get(..1).expect("the parent"));
}

/// A deployment whose key of Control-M, in a file, is an old one.
pub(super) fn old_key(test: &str) -> Option<Deployment> {
    let mut deployment = open(test)?.with_simulator(|mut settings| {
        settings.api_keys = vec![Secret::new("the-new-key".to_owned())];
        settings
    });
    let key = deployment.directory.join("key");
    std::fs::write(&key, "the-old-key").expect("written");
    deployment.control_m = vec![format!("api_key: \"${{file:{}}}\"", key.display())];
    Some(deployment)
}

/// Control-M refuses everybody: the key in a file is an old one.
pub(super) fn refusing_target(test: &str, words: &[&str]) -> Option<Trouble> {
    let mut trouble = Trouble::start(old_key(test)?, words, bundle(1903));
    trouble.deployment.write_events(&trouble.bundle.events());
    trouble.instance.wait_for_log("a target refuses everybody: the sink is suspended");
    Some(trouble)
}

/// Writes the new key into its file.
pub(super) fn rotate_key(deployment: &Deployment) {
    std::fs::write(deployment.directory.join("key"), "the-new-key").expect("written");
}

/// A delivery has failed: its template wants what the parent does not have.
pub(super) fn failing_definition(test: &str, words: &[&str]) -> Option<Trouble> {
    let mut deployment = open(test)?;
    deployment.template = deployment.directory.join("template.json");
    write_template(&deployment, "{{ parent.region }}");
    let mut trouble = Trouble::start(deployment, words, bundle(1904));
    trouble.deployment.write_events(&trouble.bundle.events());
    trouble.instance.wait_for_log("delivery_failed");
    Some(trouble)
}

/// Mends the template, and waits until the instance uses it.
pub(super) fn mend_template(deployment: &Deployment, instance: &mut Process) {
    write_template(deployment, "{{ parent.region | default('none') }}");
    instance.wait_for_log("template changed: new submissions use it");
}

fn write_template(deployment: &Deployment, description: &str) {
    let template = std::fs::read_to_string(root().join("templates/bundle.json")).expect("the template");
    let text = template.replace("\"The parent event\"", &format!("\"{description}\""));
    std::fs::write(&deployment.template, text).expect("written");
}

/// The end of each drill: the bundle was submitted once.
pub(super) fn assert_submitted_once(deployment: &Deployment, bundle: &Bundle) {
    until("the bundle is submitted", || deployment.folders() == 1);
    let dump = deployment.simulator.dump();
    let folder = format!("folder-{}", bundle.id);
    assert_eq!(dump.folders.get(&folder).map(|folder| folder.submits), Some(1), "{:?}", dump.folders.keys());
}
