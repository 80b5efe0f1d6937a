//! A cluster with TLS, SCRAM and an authorizer: the list of rights in docs/operations.md is enough, and a missing one is named.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::super::cluster::{KafkaCluster, is_skipped};
use super::bundle::{bundles, shuffled};
use super::deployment::Deployment;
use super::java::Tools;
use super::process::Process;

/// The password of the principal, and of the broker's key.
const PASSWORD: &str = "secret-of-sheaf";

/// The listener with TLS and a login; the other one is the superuser's.
struct Secured {
    deployment: Deployment,
    address: String,
    certificates: TempDir,
    tools: Tools,
    /// Dropped last.
    _cluster: KafkaCluster,
}

impl Secured {
    fn start() -> Self {
        let certificates = tempfile::tempdir().expect("a directory");
        let store = certificates.path().join("broker.p12");
        make_certificate(&store, &certificates.path().join("ca.pem"));
        let settings = [
            "listener.name.login.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;".to_owned(),
            format!("ssl.keystore.location={}", store.display()),
            "ssl.keystore.type=PKCS12".to_owned(),
            format!("ssl.keystore.password={PASSWORD}"),
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer".to_owned(),
            "super.users=User:ANONYMOUS".to_owned(),
        ];
        let (cluster, address) = KafkaCluster::start_with_login(("SASL_SSL", "SCRAM-SHA-512"), &settings, "");
        let mut deployment = Deployment::at("e2e-rights", cluster.bootstrap_servers());
        deployment.submissions = None;
        deployment.create_sources();
        let mut secured = Self { deployment, address, certificates, tools: Tools::start(), _cluster: cluster };
        let credentials = format!("SCRAM-SHA-512=[password={PASSWORD}]");
        let user = ["--alter", "--entity-type", "users", "--entity-name", "sheaf", "--add-config", &credentials];
        secured.admin("kafka.admin.ConfigCommand", &user);
        secured
    }

    fn start_as(&self, password: &str) -> Process {
        let ca = self.certificates.path().join("ca.pem").display().to_string();
        self.deployment.start_with(
            "a",
            &[
                ("SHEAF_KAFKA__BOOTSTRAP_SERVERS", &self.address),
                ("SHEAF_KAFKA__PROPERTIES__SECURITY_PROTOCOL", "SASL_SSL"),
                ("SHEAF_KAFKA__PROPERTIES__SSL_CA_LOCATION", &ca),
                ("SHEAF_KAFKA__PROPERTIES__SASL_MECHANISM", "SCRAM-SHA-512"),
                ("SHEAF_KAFKA__PROPERTIES__SASL_USERNAME", "sheaf"),
                ("SHEAF_KAFKA__PROPERTIES__SASL_PASSWORD", password),
            ],
        )
    }

    /// Starts an instance that stops with exit code 1; its log has these words.
    fn refuses(&self, password: &str, words: &[&str]) {
        let mut process = self.start_as(password);
        let code = process.exit_code();
        let log = process.log_text();
        assert_eq!(code, Some(1), "{log}");
        for word in words {
            assert!(log.contains(word), "{word}: {log}");
        }
        assert!(!log.contains(PASSWORD), "{log}");
    }

    /// Starts an instance that stops with exit code 1 and names this right.
    fn lacks(&self, right: &str) {
        self.refuses(PASSWORD, &[&format!("(User:sheaf) lacks the right {right}")]);
    }

    /// Runs a command of docs/operations.md for this deployment's names.
    fn allow(&mut self, rights: &Rights) {
        self.change("--add", rights, None);
    }

    /// Adds or removes the rights, or one operation of them.
    fn change(&mut self, action: &str, rights: &Rights, operation: Option<&str>) {
        let operations = operation.map_or_else(|| rights.operations.clone(), |operation| vec![operation.to_owned()]);
        let operations = operations.iter().flat_map(|operation| ["--operation", operation]);
        let resource = rights.resource.iter().map(String::as_str);
        let words: Vec<&str> =
            action.split(' ').chain(["--allow-principal", "User:sheaf"]).chain(operations).chain(resource).collect();
        self.admin("org.apache.kafka.tools.AclCommand", &words);
    }

    /// Takes one operation away while no instance runs: the next start names it. Gives it back.
    fn without(&mut self, rights: &Rights, operation: &str, lacks: &str) {
        self.change("--remove --force", rights, Some(operation));
        self.lacks(lacks);
        self.change("--add", rights, Some(operation));
    }

    /// Runs one of Kafka's tools as the superuser.
    fn admin(&mut self, tool: &str, words: &[&str]) {
        let server = ["--bootstrap-server", &self.deployment.fixture.settings.bootstrap_servers];
        self.tools.run(tool, &[&server[..], words].concat());
    }
}

/// A command of docs/operations.md that gives rights.
struct Rights {
    operations: Vec<String>,
    /// The options that name the resources.
    resource: Vec<String>,
}

impl Rights {
    /// Those of the page, in its order, for this deployment's names.
    fn of_page(deployment: &Deployment) -> Vec<Self> {
        let page = include_str!("../../../docs/operations.md");
        let commands = page.lines().filter_map(|line| {
            line.strip_prefix("kafka-acls --bootstrap-server HOST:9092 --add --allow-principal User:sheaf ")
        });
        let named = |word: &str| match word {
            "ctm-parent-events" => deployment.topic("parents").to_string(),
            "ctm-children-events" => deployment.topic("children").to_string(),
            other => other.replace("ctm", &deployment.application()),
        };
        commands
            .map(|command| {
                let words: Vec<&str> = command.split(' ').collect();
                let (mut operations, mut resource) = (Vec::new(), Vec::new());
                for pair in words.chunks(2) {
                    match pair {
                        ["--operation", operation] => operations.push((*operation).to_owned()),
                        [option, value] => resource.extend([(*option).to_owned(), named(value)]),
                        other => panic!("{other:?}"),
                    }
                }
                Self { operations, resource }
            })
            .collect()
    }
}

/// A key with a certificate of its own for `localhost`, and the certificate for those who trust it.
fn make_certificate(store: &Path, trusted: &Path) {
    let keytool = |words: &[&str]| {
        let store = store.to_str().expect("text");
        let options = ["-alias", "broker", "-storetype", "PKCS12", "-keystore", store, "-storepass", PASSWORD];
        let output = Command::new("keytool").args(words).args(options).output().expect("keytool of the JDK");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    };
    let name = ["-dname", "CN=localhost", "-ext", "san=dns:localhost", "-validity", "1"];
    keytool(&[&["-genkeypair", "-keyalg", "RSA"], &name[..]].concat());
    keytool(&["-exportcert", "-rfc", "-file", trusted.to_str().expect("text")]);
}

#[test]
#[ignore = "most of a minute, on a broker of its own; scripts/nightly runs it"]
fn the_documented_rights_are_enough_and_each_missing_one_is_named() {
    if is_skipped() {
        return;
    }
    let mut secured = Secured::start();
    let rights = Rights::of_page(&secured.deployment);
    let [sources, topics, transactions, group] = &rights[..] else { panic!("{} commands", rights.len()) };
    let application = secured.deployment.application();
    let own = |what: &str| format!("topic {application}-{what}");

    secured.refuses("wrong", &["failed permanently", "Authentication failed"]);
    secured.lacks(&format!("DESCRIBE on {}", own("")));
    for rights in &rights {
        secured.allow(rights);
    }
    secured.without(topics, "Create", &format!("CREATE on {}", own("")));

    // The first start makes the topics.
    let mut instance = secured.start_as(PASSWORD);
    instance.ready();
    let mut chance = fastrand::Rng::with_seed(16);
    let all = bundles(40, &mut chance);
    let (first, second) = all.split_at(20);
    secured.deployment.write_events(&shuffled(first, 0, &mut chance));
    secured.deployment.wait_for_deliveries(first);
    assert!(instance.log_text().contains("without the right DESCRIBE_CONFIGS"), "{}", instance.log_text());

    // While it runs.
    secured.change("--remove --force", topics, Some("Write"));
    secured.deployment.write_events(&shuffled(second, 0, &mut chance));
    assert_eq!(instance.exit_code(), Some(1), "{}", instance.log_text());
    assert!(instance.log_text().contains("lacks the right WRITE on one of the topics"), "{}", instance.log_text());

    // At a start.
    secured.lacks(&format!("WRITE on {}", own("instances")));
    secured.change("--add", topics, Some("Write"));
    // Which of the two sources is named is not certain.
    secured.without(sources, "Read", &format!("DESCRIBE on topic {}", secured.deployment.topic("")));
    secured.without(topics, "Read", &format!("READ on {}", own("instances")));
    secured.without(transactions, "Write", &format!("WRITE on transactional id {application}-0/a"));
    secured.without(group, "Read", &format!("READ on group {application}"));

    secured.change("--remove --force", topics, Some("DescribeConfigs"));
    secured.refuses(PASSWORD, &["lacks the right DESCRIBE_CONFIGS on it"]);
    secured.change("--add", topics, Some("DescribeConfigs"));

    let mut instance = secured.start_as(PASSWORD);
    secured.deployment.wait_for_deliveries(&all);
    secured.change("--remove --force", topics, Some("Delete"));
    instance.wait_for_log("lacks the right DELETE on topic");
    assert_eq!(instance.terminate(), Some(0));
}
