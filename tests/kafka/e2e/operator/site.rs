//! The site of a drill: two instances with their supervisor, a Prometheus that scrapes them, and an operator's shell on their hosts.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use super::super::deployment::Deployment;
use super::super::java::jars;
use super::super::process::{Process, binary, until};
use super::disk::SmallDisk;
use super::prometheus::{Alert, Prometheus, free_address};
use super::runbook::{Runbook, blocks};

/// Kafka's scripts that the runbooks name, and the tools behind them.
const TOOLS: [(&str, &str); 3] = [
    ("kafka-consumer-groups.sh", "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"),
    ("kafka-topics.sh", "org.apache.kafka.tools.TopicCommand"),
    ("kafka-transactions.sh", "org.apache.kafka.tools.TransactionsCommand"),
];

/// What the beginning of docs/runbooks.md defines, for this site. The supervisor is the test: it obeys what is written to `wanted`.
const SHELL: &str = r#"
export SHEAF_URL=http://@asked SHEAF_CONFIG=@config
APP=@app
BROKERS=@brokers
PROM=http://@prometheus
STATE_DIR=@directory/state-@host
supervisor() {
    echo "$1" >@directory/draft
    mv @directory/draft @directory/wanted
    for _ in $(seq 1800); do [ -e @directory/wanted ] || return 0; sleep 0.1; done
}
logs() { cat @directory/@host-*.log; }
restart() { supervisor stop; supervisor start; }
reload() { supervisor reload; }
stop() { supervisor stop; }
start() { supervisor start; }
status() { supervisor status; cat @directory/status; }
set_clock() { dd if=/dev/zero of="$SHEAF_TEST_CLOCK" bs=8 count=1 conv=notrunc status=none; }
"#;

/// Two instances, `a` and `b`, and a Prometheus.
pub(super) struct Site {
    hosts: BTreeMap<&'static str, Host>,
    pub(super) prometheus: Prometheus,
    /// What has fired until it knew both instances.
    critical_before: BTreeMap<String, u64>,
    /// The disk of one of the state directories, if a drill has mounted it. Unmounted after the processes have ended.
    pub(super) disk: Option<SmallDisk>,
    /// The deployment, whose directory is removed last.
    pub(super) deployment: Deployment,
}

/// Where an instance runs.
struct Host {
    /// `None` while it is stopped.
    instance: Option<Process>,
    address: String,
    /// The variables of all its processes.
    environment: Vec<(String, String)>,
    config: String,
}

impl Host {
    /// Starts its instance, and waits until it is ready.
    fn start(&mut self, name: &str, deployment: &Deployment) {
        let mut environment = vec![("SHEAF_HTTP__BIND", self.address.as_str())];
        environment.extend(self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let mut process = deployment.start_with(name, &environment);
        process.ready();
        self.config = process.log().with_extension("yaml").display().to_string();
        self.instance = Some(process);
    }
}

impl Site {
    /// Starts both instances, and a Prometheus for which a minute of the rules has this number of seconds. `environment` is that of all
    /// processes on the host of `b`.
    pub(super) fn start(deployment: Deployment, minute: u32, environment: &[(&str, &str)]) -> Self {
        install(&deployment.directory);
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let of_b = environment.iter().map(owned).collect();
        let host = |environment| Host { instance: None, address: free_address(), environment, config: String::new() };
        let mut hosts = BTreeMap::from([("a", host(Vec::new())), ("b", host(of_b))]);
        for (name, host) in &mut hosts {
            host.start(name, &deployment);
        }
        let instances = || hosts.values().filter_map(|host| host.instance.as_ref());
        until("both instances run all tasks", || {
            let running = |it: &Process| it.metric("sheaf_tasks", r#"kind="active",state="running""#);
            let expected = instances().map(|it| it.metric("sheaf_application_tasks", "")).fold(0.0, f64::max);
            instances().all(|it| running(it) > 0.5) && instances().map(running).sum::<f64>() > expected - 0.5
        });
        let addresses: Vec<String> = hosts.values().map(|host| host.address.clone()).collect();
        let prometheus = Prometheus::start(&deployment.directory, &addresses, minute);
        until("both instances are scraped", || prometheus.series("up == 1").len() == 2);
        // The first evaluations may know one of the two only.
        until("nothing is wrong", || prometheus.wrong().is_empty());
        let critical_before = prometheus.critical();
        Self { hosts, prometheus, critical_before, disk: None, deployment }
    }

    fn host(&mut self, name: &str) -> &mut Host {
        self.hosts.get_mut(name).expect("a or b")
    }

    /// The name of the host of an alert or a series, by its label `instance`.
    pub(super) fn host_of(&self, labels: &Alert) -> &'static str {
        let found = self.hosts.iter().find(|(_, host)| host.address == labels["instance"]);
        found.expect("an instance of the site").0
    }

    /// A running instance.
    pub(super) fn instance(&mut self, name: &str) -> &mut Process {
        self.host(name).instance.as_mut().expect("it runs")
    }

    /// Kills an instance.
    pub(super) fn kill(&mut self, name: &str) {
        self.instance(name).kill();
        self.host(name).instance = None;
    }

    /// What the supervisor of a host does at a word of the operator.
    fn obey(&mut self, name: &str, wanted: &str) {
        match wanted {
            "start" => {
                let Self { hosts, deployment, .. } = self;
                hosts.get_mut(name).expect("a or b").start(name, deployment);
            }
            "stop" => {
                if let Some(mut process) = self.host(name).instance.take() {
                    assert_eq!(process.terminate(), Some(0), "{}", process.log_text());
                }
            }
            "reload" => self.instance(name).signal(rustix::process::Signal::HUP),
            "status" => {
                let state = if self.host(name).instance.is_some() { "active (running)" } else { "failed (signal)" };
                fs::write(self.deployment.directory.join("status"), format!("Active: {state}\n")).expect("written");
            }
            other => panic!("the supervisor does not know {other}"),
        }
    }

    /// Runs a line in a shell on a host, with an instance that `sheaf` asks; returns what it prints.
    fn shell(&mut self, host: &str, asked: &str, line: &str) -> String {
        let directory = self.deployment.directory.clone();
        let script = self.preamble(host, asked) + line + "\n";
        let printed = directory.join("printed");
        let file = File::create(&printed).expect("a file");
        let mut shell = Command::new("bash")
            .args(["-e", "-c", &script])
            .current_dir(&directory)
            .env_remove("SHEAF_LOG")
            .envs(self.host(host).environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a file"))
            .stderr(file)
            .spawn()
            .expect("bash");
        let wanted = directory.join("wanted");
        let mut ended = None;
        until(&format!("`{line}` ends"), || {
            if let Ok(word) = fs::read_to_string(&wanted) {
                self.obey(host, word.trim());
                fs::remove_file(&wanted).expect("removed");
            }
            ended = shell.try_wait().expect("a status");
            ended.is_some()
        });
        let printed = fs::read_to_string(&printed).expect("text");
        println!("{host}$ {line}\n{printed}");
        assert!(ended.is_some_and(|status| status.success()), "{line}: {printed}");
        printed
    }

    fn preamble(&mut self, host: &str, asked: &str) -> String {
        let words = [
            ("@asked", self.host(asked).address.clone()),
            ("@config", self.host(host).config.clone()),
            ("@app", self.deployment.application()),
            ("@brokers", self.deployment.fixture.settings.bootstrap_servers.clone()),
            ("@prometheus", self.prometheus.address().to_owned()),
            ("@directory", self.deployment.directory.display().to_string()),
            ("@host", host.to_owned()),
        ];
        let path = "PATH=@directory/bin:$PATH\n".to_owned() + SHELL;
        words.iter().fold(path, |text, (word, value)| text.replace(word, value))
    }

    /// Waits until an alert fires; returns its labels.
    pub(super) fn fires(&self, rule: &str) -> Alert {
        self.prometheus.fires(rule)
    }

    /// Waits until no alert of a rule fires.
    pub(super) fn clears(&self, rule: &str) {
        self.prometheus.clears(rule);
    }

    /// An operator at the host of an alert, or at `b`, with the section of its rule.
    pub(super) fn operator(&mut self, alert: &Alert) -> Operator<'_> {
        let host = if alert.contains_key("instance") { self.host_of(alert) } else { "b" };
        let runbook = Runbook::open("docs/runbooks.md", &alert["alertname"]);
        let words = alert.iter().map(|(label, value)| (label.to_uppercase(), value.clone())).collect();
        Operator { site: self, runbooks: vec![runbook], words, host, asked: host }
    }

    /// The end of a drill: no other critical rules have fired than these, none fires any more, and both instances end in order.
    pub(super) fn finish(mut self, rules: &[&str]) {
        for rule in rules {
            self.clears(rule);
        }
        let mut fired = self.prometheus.critical();
        fired.retain(|rule, count| self.critical_before.get(rule) != Some(count));
        println!("critical alerts: {fired:?}");
        fired.retain(|rule, _| !rules.contains(&rule.as_str()));
        assert_eq!(fired, BTreeMap::new(), "critical alerts of something else");
        for name in ["a", "b"] {
            self.obey(name, "stop");
        }
    }
}

/// An operator who follows a runbook.
pub(super) struct Operator<'s> {
    pub(super) site: &'s mut Site,
    /// The open ones; the last is the one that is followed.
    runbooks: Vec<Runbook>,
    words: BTreeMap<String, String>,
    host: &'static str,
    asked: &'static str,
}

impl Operator<'_> {
    /// From now on this word in capitals stands for this.
    pub(super) fn knows(&mut self, word: &str, value: &str) {
        self.words.insert(word.to_owned(), value.to_owned());
    }

    /// From now on the shell is on this host, and its instance is asked.
    pub(super) fn goes_to(&mut self, host: &'static str) {
        (self.host, self.asked) = (host, host);
    }

    /// From now on this instance is asked.
    pub(super) fn asks(&mut self, instance: &'static str) {
        self.asked = instance;
    }

    /// Goes on with the runbook of another alert, to which the present one refers.
    pub(super) fn opens(&mut self, alert: &Alert) {
        self.runbooks.push(Runbook::open("docs/runbooks.md", &alert["alertname"]));
        self.words.extend(alert.iter().map(|(label, value)| (label.to_uppercase(), value.clone())));
    }

    /// The runbook has no further command; goes on with the one that has referred to it.
    pub(super) fn closes(&mut self) {
        self.runbooks.pop().expect("an open runbook").finish();
    }

    fn next(&mut self, begin: &str) -> String {
        self.runbooks.last_mut().expect("an open runbook").next(begin, &self.words)
    }

    /// Runs the next command of the runbook, which has to begin with this; returns what it prints.
    pub(super) fn run(&mut self, begin: &str) -> String {
        let line = self.next(begin);
        self.site.shell(self.host, self.asked, &line)
    }

    /// The same on both hosts, one after the other.
    pub(super) fn run_on_each(&mut self, begin: &str) {
        let line = self.next(begin);
        for host in ["a", "b"] {
            self.site.shell(host, host, &line);
        }
    }

    /// Runs a line that the runbook does not have.
    pub(super) fn look(&mut self, line: &str) -> String {
        self.site.shell(self.host, self.asked, line)
    }

    /// The runbooks have no further command.
    pub(super) fn finish(self) {
        self.runbooks.into_iter().for_each(Runbook::finish);
    }
}

/// Installs what the operator's shell finds: the binary under test, and Kafka's scripts.
fn install(directory: &Path) {
    let bin = directory.join("bin");
    fs::create_dir(&bin).expect("a directory");
    symlink(binary(), bin.join("sheaf")).expect("a link");
    for (name, class) in TOOLS {
        let script = format!("#!/bin/sh\nexec java -XX:TieredStopAtLevel=1 -cp '{}/*' {class} \"$@\"\n", jars());
        fs::write(bin.join(name), script).expect("written");
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).expect("executable");
    }
}

#[test]
fn the_shell_of_the_drill_has_what_the_runbooks_define() {
    let page = include_str!("../../../../docs/runbooks.md");
    let first = page.split("```").nth(1).map(|block| blocks(&format!("```{block}```"))).expect("the first block");
    // The instances of a drill have no tokens.
    let defined = first.iter().filter(|line| !line.contains("SHEAF_TOKEN_FILE"));
    let names: Vec<&str> =
        defined.filter_map(|line| line.trim_start_matches("export ").split(['=', '(']).next()).collect();
    assert!(names.len() > 8, "{names:?}");
    for name in names {
        let has =
            SHELL.split([' ', '\n']).any(|word| word.starts_with(&format!("{name}=")) || word == format!("{name}()"));
        assert!(has, "{name} is not defined");
    }
}
