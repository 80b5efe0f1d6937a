//! docker-compose.yml, checked without Docker: its paths, ports, variables and commands exist and match.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a mismatch fails its test")]

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sheaf::codec::yaml::{Node, Value, parse};
use sheaf::config::{Config, FIELDS, RESERVED, Sources};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn compose() -> Node {
    let text = std::fs::read_to_string(repository().join("docker-compose.yml")).unwrap();
    parse("docker-compose.yml", &text).unwrap()
}

/// The services by name.
fn services(compose: &Node) -> Vec<(&str, &Node)> {
    let services = compose.get("services").unwrap().entries();
    services.iter().map(|entry| (entry.key.as_str(), &entry.node)).collect()
}

/// The services that run sheaf: those whose image is built from this repository.
fn sheaf_services(compose: &Node) -> Vec<(&str, &Node)> {
    services(compose).into_iter().filter(|(_, service)| service.get("build").is_some()).collect()
}

fn texts(node: Option<&Node>) -> Vec<String> {
    let Some(Node { value: Value::List(nodes), .. }) = node else { return Vec::new() };
    nodes.iter().map(text).collect()
}

fn text(node: &Node) -> String {
    if let Value::Text(text) = &node.value {
        return text.clone();
    }
    let Value::Integer(number) = &node.value else { panic!("expected a text, found {node:?}") };
    number.to_string()
}

/// The file that a service mounts at a path.
fn mounted(service: &Node, inside: &str) -> PathBuf {
    let mounted = texts(service.get("volumes"));
    let host = mounted.iter().find_map(|volume| volume.split_once(&format!(":{inside}")).map(|(host, _)| host));
    repository().join(host.unwrap_or_else(|| panic!("{inside} is not mounted")))
}

/// The variables of a service.
fn environment(service: &Node) -> Vec<(String, String)> {
    let environment = service.get("environment").map_or(&[][..], Node::entries);
    environment.iter().map(|entry| (entry.key.clone(), text(&entry.node))).collect()
}

/// The path of the configuration in the container of a service.
fn configured(service: &Node) -> String {
    let command = texts(service.get("command"));
    let at = command.iter().position(|word| word == "-c").unwrap();
    command[at + 1].clone()
}

/// The configuration of a service: from the file that it mounts and its environment.
fn configuration(service: &Node) -> Config {
    let file = mounted(service, &configured(service));
    let environment = environment(service);
    let files = [(file.display().to_string(), std::fs::read_to_string(&file).unwrap())];
    let sources = Sources { files: &files, environment: &environment, flags: &[], host_name: "container" };
    Config::load(&sources).unwrap_or_else(|problems| panic!("{problems}"))
}

fn instances(compose: &Node) -> Vec<(&str, &Node)> {
    sheaf_services(compose).into_iter().filter(|(_, service)| texts(service.get("command"))[0] == "run").collect()
}

#[test]
fn every_host_path_that_is_mounted_or_built_from_is_in_the_repository() {
    let compose = compose();
    let named: Vec<&str> = compose.get("volumes").unwrap().entries().iter().map(|entry| entry.key.as_str()).collect();
    for (name, service) in services(&compose) {
        for volume in texts(service.get("volumes")) {
            let (host, inside) = volume.split_once(':').unwrap();
            assert!(inside.starts_with('/'), "{name}: {volume}");
            if host.starts_with('.') {
                assert!(repository().join(host).exists(), "{name}: {host} does not exist");
            } else {
                assert!(named.contains(&host), "{name}: the volume {host} is not declared");
            }
        }
        if let Some(build) = service.get("build") {
            assert!(repository().join(text(build)).join("Dockerfile").exists(), "{name}");
        }
    }
}

#[test]
fn images_are_pinned_and_ports_are_published_on_loopback_once() {
    let compose = compose();
    let mut published = Vec::new();
    for (name, service) in services(&compose) {
        let image = text(service.get("image").unwrap());
        let tag = image.rsplit_once(':').map_or("", |(_, tag)| tag);
        assert!(tag.chars().any(|c| c.is_ascii_digit()) && tag != "latest", "{name}: {image} is not pinned");
        if service.get("build").is_some() {
            assert_eq!(tag, env!("CARGO_PKG_VERSION"), "{name}: {image}");
        }
        for port in texts(service.get("ports")) {
            let [address, host, inside] = port.split(':').collect::<Vec<_>>()[..] else { panic!("{name}: {port}") };
            assert_eq!(address, "127.0.0.1", "{name}: {port}");
            inside.parse::<u16>().unwrap();
            assert!(!published.contains(&host.to_owned()), "{name}: {port} is published twice");
            published.push(host.to_owned());
        }
    }
}

#[test]
fn every_variable_of_sheaf_is_a_setting() {
    let compose = compose();
    for (name, service) in sheaf_services(&compose) {
        for entry in service.get("environment").map_or(&[][..], Node::entries) {
            if entry.key.starts_with("SHEAF_") {
                let known = FIELDS.iter().any(|field| field.variable() == entry.key);
                assert!(known || RESERVED.contains(&entry.key.as_str()), "{name}: {}", entry.key);
            }
        }
    }
}

#[test]
fn every_instance_has_a_valid_configuration_and_its_own_name() {
    let compose = compose();
    let configurations: Vec<Config> =
        instances(&compose).into_iter().map(|(_, service)| configuration(service)).collect();
    let [a, b] = configurations.as_slice() else { panic!("two instances") };
    assert_ne!(a.instance_id, b.instance_id);
    assert_eq!(a.application_id, b.application_id);
    for (_, instance) in instances(&compose) {
        for topology in &a.topologies {
            let file = mounted(instance, &format!("/etc/sheaf/{}", topology.display()));
            assert!(file.is_file(), "{}", file.display());
        }
    }
}

#[test]
fn state_is_kept_on_a_volume_of_each_instance() {
    let compose = compose();
    let mut volumes = Vec::new();
    for (name, service) in instances(&compose) {
        let state = configuration(service).state_dir;
        let mounted = texts(service.get("volumes"));
        let volume = mounted.iter().find(|volume| volume.ends_with(&format!(":{}", state.display())));
        let volume = volume.unwrap_or_else(|| panic!("{name}: {} is on no volume", state.display()));
        assert!(!volume.starts_with('.') && !volumes.contains(volume), "{name}: {volume}");
        volumes.push(volume.clone());
    }
}

/// The variable of the service `aws` that a reference to its secret stands for.
fn in_secret(compose: &Node, reference: &str) -> String {
    let name = reference.strip_prefix("${aws-sm:sheaf#").and_then(|rest| rest.strip_suffix('}'));
    let name = name.unwrap_or_else(|| panic!("{reference} is not in the secret"));
    let aws = compose.get("services").unwrap().get("aws").unwrap();
    text(aws.get("environment").unwrap().get(name).unwrap_or_else(|| panic!("{name} is not set")))
}

#[test]
fn every_reference_to_a_secret_is_set_by_the_service_that_keeps_it() {
    let compose = compose();
    for (name, service) in instances(&compose) {
        let control_m = configuration(service).control_m.unwrap();
        assert!(!in_secret(&compose, control_m.api_key.unwrap().as_str()).is_empty(), "{name}");
    }
}

/// The program of the service `aws`, until it is dropped.
struct Moto(Child);

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The service `aws` does what it says, and the instances find their secret and their template there.
#[test]
fn an_instance_is_valid_with_the_secret_and_the_template_of_moto() {
    if !Command::new("python3").args(["-c", "import boto3, moto.server"]).output().is_ok_and(|it| it.status.success()) {
        println!("skipped: python3 has no moto (pip install 'moto[server]')");
        return;
    }
    let (compose, directory) = (compose(), tempfile::tempdir().unwrap());
    let aws = compose.get("services").unwrap().get("aws").unwrap();
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port().to_string();
    let ready = directory.path().join("ready");
    let [python, script] = &texts(aws.get("entrypoint"))[..] else { panic!("an interpreter and a script") };
    let [_, _, template, _] = &texts(aws.get("command"))[..] else { panic!("four arguments") };
    assert_eq!(python, "python");
    let mut program = Command::new("python3");
    program.arg(mounted(aws, script)).args(["127.0.0.1", &port]).arg(mounted(aws, template)).arg(&ready);
    program.envs(environment(aws)).stdout(Stdio::null()).stderr(Stdio::null());
    let mut moto = Moto(program.spawn().unwrap());
    for _ in 0..1_200 {
        if ready.exists() {
            break;
        }
        assert_eq!(moto.0.try_wait().unwrap(), None, "aws.py has ended");
        std::thread::sleep(Duration::from_millis(50));
    }
    for (name, instance) in instances(&compose) {
        let inside = configured(instance);
        for topology in configuration(instance).topologies {
            let file = mounted(instance, &format!("/etc/sheaf/{}", topology.display()));
            std::fs::copy(file, directory.path().join(topology)).unwrap();
        }
        std::fs::copy(mounted(instance, &inside), directory.path().join("sheaf.yaml")).unwrap();
        let mut sheaf = Command::new(env!("CARGO_BIN_EXE_sheaf"));
        sheaf.args(["validate", "-c", "sheaf.yaml"]).current_dir(directory.path()).env_remove("AWS_PROFILE");
        sheaf.envs(environment(instance)).env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
        let output = sheaf.output().unwrap();
        let printed = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        assert!(output.status.success() && printed.contains("ok: application ctm"), "{name}: {printed}");
    }
}

#[test]
fn health_checks_request_the_configured_port() {
    let compose = compose();
    for (name, service) in instances(&compose) {
        let port = configuration(service).http.bind.port();
        let check = texts(service.get("healthcheck").unwrap().get("test")).join(" ");
        assert!(check.contains(&format!("/{port} ")) && check.contains("/readyz"), "{name}: {check}");
        let ends = |published: &String| published.ends_with(&format!(":{port}"));
        assert!(texts(service.get("ports")).iter().any(ends), "{name}: {port} is not published");
    }
}

#[test]
fn addresses_inside_the_network_are_those_of_its_services() {
    let compose = compose();
    let names: Vec<&str> = services(&compose).into_iter().map(|(name, _)| name).collect();
    let kafka = compose.get("services").unwrap().get("kafka").unwrap().get("environment").unwrap();
    let advertised = text(kafka.get("KAFKA_ADVERTISED_LISTENERS").unwrap());
    let listeners = text(kafka.get("KAFKA_LISTENERS").unwrap());
    let simulator = compose.get("services").unwrap().get("control-m").unwrap();
    let simulator = texts(simulator.get("command"));
    for (name, service) in instances(&compose) {
        let config = configuration(service);
        let (host, port) = config.kafka.bootstrap_servers.rsplit_once(':').unwrap();
        assert!(names.contains(&host), "{name}: there is no service {host}");
        assert!(advertised.contains(&format!("://{host}:{port}")), "{name}: {host}:{port} is not advertised");
        assert!(listeners.contains(&format!("://:{port}")), "{name}: Kafka does not listen on {port}");
        let url = in_secret(&compose, config.control_m.unwrap().base_url.as_str());
        let address = url.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/automation-api")).unwrap();
        let (host, port) = address.split_once(':').unwrap();
        assert!(names.contains(&host), "{name}: there is no service {host}");
        assert!(simulator.contains(&format!("0.0.0.0:{port}")), "{name}: the simulator does not listen on {port}");
        let aws = text(service.get("environment").unwrap().get("AWS_ENDPOINT_URL").unwrap());
        let (host, port) = aws.strip_prefix("http://").unwrap().split_once(':').unwrap();
        let moto = compose.get("services").unwrap().get(host).unwrap_or_else(|| panic!("{name}: no service {host}"));
        assert_eq!(texts(moto.get("command"))[..2], ["0.0.0.0", port], "{name}");
    }
}

#[test]
fn a_service_waits_for_services_that_have_a_health_check() {
    let compose = compose();
    for (name, service) in services(&compose) {
        assert!(service.get("healthcheck").is_some(), "{name} has no health check");
        for entry in service.get("depends_on").map_or(&[][..], Node::entries) {
            let dependency = compose.get("services").unwrap().get(&entry.key);
            assert!(
                dependency.is_some_and(|dependency| dependency.get("healthcheck").is_some()),
                "{name} needs {}",
                entry.key
            );
            assert_eq!(text(entry.node.get("condition").unwrap()), "service_healthy", "{name}");
        }
    }
}

#[test]
fn commands_are_commands_of_this_program() {
    let compose = compose();
    let commands: Vec<String> = sheaf_services(&compose)
        .into_iter()
        .map(|(_, service)| {
            texts(service.get("command"))
                .into_iter()
                .take_while(|word| !word.starts_with('-'))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    for command in &commands {
        let output = Command::new(env!("CARGO_BIN_EXE_sheaf")).args(command.split(' ')).arg("--help").output().unwrap();
        assert!(output.status.success(), "sheaf {command} --help: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(commands, ["mock control-m", "run", "run"]);
}

#[test]
fn an_instance_with_a_wrong_configuration_is_not_restarted_for_ever() {
    for (name, instance) in instances(&compose()) {
        let restart = text(instance.get("restart").unwrap());
        let attempts = restart.strip_prefix("on-failure:").and_then(|attempts| attempts.parse::<u32>().ok());
        assert!(attempts.is_some_and(|attempts| (1..=20).contains(&attempts)), "{name}: {restart}");
    }
}
