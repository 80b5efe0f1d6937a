//! The files of a deployment: the configuration of each process, and the topology.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::deployment::{Deployment, PARTITIONS};

impl Deployment {
    /// Writes the files of one start, and returns the path of the configuration.
    pub(super) fn configure(&self, instance: &str, state: &str, number: u32) -> PathBuf {
        let directory = &self.directory;
        let (topology, sla) = (directory.join("topology.yaml"), self.sla);
        let (parents, children) = (self.topic("parents"), self.topic("children"));
        let submissions = if self.default_submissions {
            String::new()
        } else {
            format!("submissions: {}\n", self.topic("submissions"))
        };
        write(
            &topology,
            &format!(
                "name: e2e\n\
                 sources:\n\
                 \x20 - {{ topic: {parents}, member: parent, bundle: /id, id: /id, expects: /children }}\n\
                 \x20 - {{ topic: {children}, member: child, bundle: /parent_id, id: /id, position: /position }}\n\
                 bundle: {{ children: 1, sla: {sla} }}\n\
                 {submissions}\
                 deliver: {{ control_m: {{ template: templates/bundle.json, server: smprod, retention_days: 14 }} }}\n"
            ),
        );
        let mut text = format!(
            "application_id: {}\ninstance_id: {instance}\npartitions: {PARTITIONS}\nstate_dir: {}\n\
             http: {{ bind: \"127.0.0.1:0\" }}\nlog: {{ format: json }}\ntopologies: [\"{}\"]\n\
             control_m:\n  base_url: \"{}\"\n  api_key: key\n  visibility_lag: 2s\n  request_timeout: 5s\n  \
             intent_valid_for: 5s\n  in_flight_max: {}\n\
             kafka:\n  bootstrap_servers: \"{}\"\n  properties:\n",
            self.application(),
            directory.join(format!("state-{state}")).display(),
            topology.display(),
            self.simulator.base_url(),
            self.in_flight_max,
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
