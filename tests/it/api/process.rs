//! A process of sheaf whose Kafka cannot be reached: it waits for it, and answers meanwhile.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The token of an operator with the role `admin`.
pub(super) const TOKEN: &str = "the-token-of-the-operator";

/// A running process.
pub(super) struct Instance {
    child: Child,
    directory: tempfile::TempDir,
    /// Its address, `http://127.0.0.1:PORT`.
    pub(super) url: String,
}

impl Drop for Instance {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The binary, without the variables of whoever runs the tests.
pub(super) fn sheaf() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SHEAF_")) {
        command.env_remove(name);
    }
    command
}

/// Starts a process with two applications.
pub(super) fn instance() -> Instance {
    instance_with("http", "")
}

/// The same, whose address begins with this scheme, and with more settings in the section `http`.
pub(super) fn instance_with(scheme: &str, http: &str) -> Instance {
    let directory = tempfile::tempdir().unwrap();
    let topology = |name: &str| {
        format!(
            "name: {name}\nsources:\n  - {{ topic: parents, member: parent, bundle: /id, id: /id, expects: /children }}\n  \
             - {{ topic: children, member: child, bundle: /parent, id: /id }}\n"
        )
    };
    for name in ["orders", "invoices"] {
        std::fs::write(directory.path().join(format!("{name}.yaml")), topology(name)).unwrap();
    }
    std::fs::write(
        directory.path().join("sheaf.yaml"),
        format!("application_id: shop\ninstance_id: a\nkafka: {{ bootstrap_servers: \"127.0.0.1:1\", properties: {{ sasl.password: hunter2 }} }}\n\
         topologies: [orders.yaml, invoices.yaml]\nlog: {{ format: json }}\n\
         http: {{ bind: \"127.0.0.1:0\", tokens: [{{ name: operator, role: admin, token: \"${{env:TOKEN}}\" }}]{http} }}\n"),
    )
    .unwrap();
    std::fs::write(directory.path().join("token"), format!("{TOKEN}\n")).unwrap();
    let mut command = sheaf();
    command.args(["run", "-c", "sheaf.yaml"]).env("TOKEN", TOKEN).current_dir(directory.path());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = lines.by_ref().map(Result::unwrap).find_map(|line| {
        let line: serde_json::Value = serde_json::from_str(&line).ok()?;
        line.get("address")?.as_str().map(str::to_owned)
    });
    let address = address.expect("it ended before it served");
    // The log goes on; a full pipe would stop the process.
    std::thread::spawn(move || lines.for_each(drop));
    Instance { child, directory, url: format!("{scheme}://{address}") }
}

impl Instance {
    /// Has it reload, as `kill -HUP` does.
    pub(super) fn hang_up(&self) {
        use rustix::process::{Pid, Signal, kill_process};
        kill_process(Pid::from_child(&self.child), Signal::HUP).unwrap();
    }

    /// The directory with its files.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }
}
