//! The files of a deployment: the configuration of each process, and the topology.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::deployment::{Deployment, PARTITIONS};

/// The sources of parents and children, where `SLA` stands for the deadline.
pub(crate) const SOURCES: &str = "\
sources:
  - { topic: @parents, member: parent, bundle: /id, id: /id, expects: /children }
  - { topic: @children, member: child, bundle: /parent_id, id: /id, position: /position }
bundle: { children: 1, sla: SLA }
";

impl Deployment {
    /// Writes the files of one start, and returns the path of the configuration.
    pub(super) fn configure(&self, instance: &str, state: &str, number: u32) -> PathBuf {
        let directory = &self.directory;
        let topology = directory.join("topology.yaml");
        let sources = self.sources.clone().unwrap_or_else(|| SOURCES.replace("SLA", self.sla));
        let sources = sources.replace('@', &self.fixture.name(""));
        let template = self.template.display();
        let submissions = self.submissions.as_ref().map(|topic| format!("submissions: {topic}\n")).unwrap_or_default();
        write(
            &topology,
            &format!(
                "name: e2e\n{sources}{submissions}\
                 deliver: {{ control_m: {{ template: {template}, server: smprod, retention_days: 14 }} }}\n"
            ),
        );
        let mut text = format!(
            "application_id: {}\ninstance_id: {instance}\npartitions: {PARTITIONS}\nstate_dir: {}\n\
             http: {{ bind: \"127.0.0.1:0\" }}\nlog: {{ format: json }}\ntopologies: [\"{}\"]\n\
             control_m:\n  base_url: \"{}\"\n  visibility_lag: 2s\n  request_timeout: 5s\n  intent_valid_for: 5s\n  \
             in_flight_max: {}\n  {}\n\
             kafka:\n  bootstrap_servers: \"{}\"\n  properties:\n",
            self.application(),
            directory.join(format!("state-{state}")).display(),
            topology.display(),
            self.simulator.base_url(),
            self.in_flight_max,
            self.control_m.join("\n  "),
            self.fixture.settings.bootstrap_servers,
        );
        for (name, value) in &self.properties {
            writeln!(text, "    {name}: \"{value}\"").expect("written");
        }
        for line in &self.settings {
            writeln!(text, "{line}").expect("written");
        }
        let config = directory.join(format!("{instance}-{number}.yaml"));
        write(&config, &text);
        config
    }
}

/// Writes atomically: a starting instance may be reading the file.
fn write(path: &Path, text: &str) {
    let draft = path.with_extension("draft");
    std::fs::write(&draft, text).expect("written");
    std::fs::rename(&draft, path).expect("renamed");
}
