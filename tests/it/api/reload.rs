//! Tokens and certificates of a running instance are replaced without a restart, also while it waits for Kafka.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::process::{Instance, TOKEN, instance_with, sheaf};

const SECOND: &str = "the-second-token-of-the-operator";
const THIRD: &str = "the-third-token-of-the-operator";

/// It has signed one of the certificates, and not the other.
const AUTHORITY: &str = "authority.pem";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls").join(name)
}

/// True if the instance answers this token, and has the certificate that the authority has signed.
fn answers(instance: &Instance, token: &str) -> bool {
    std::fs::write(instance.directory().join("sent"), token).unwrap();
    let mut command = sheaf();
    command.args(["instances", "-o", "csv", "--url", &instance.url, "--token-file", "sent", "--ca"]);
    command.arg(fixture(AUTHORITY)).current_dir(instance.directory()).output().unwrap().status.success()
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(40);
    while !is_so() {
        assert!(Instant::now() < until, "{what}: it does not");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn tokens_and_certificates_are_taken_over_by_a_signal_and_when_their_files_change() {
    let files = tempfile::tempdir().unwrap();
    let put = |cert: &str, key: &str| {
        std::fs::copy(fixture(cert), files.path().join("cert")).unwrap();
        std::fs::copy(fixture(key), files.path().join("key")).unwrap();
    };
    put("server.pem", "server.key");
    let directory = files.path().display();
    let instance =
        instance_with("https", &format!(", tls: {{ cert: \"{directory}/cert\", key: \"{directory}/key\" }}"));
    assert!(answers(&instance, TOKEN));

    // Another token in the configuration: by the signal.
    let path = instance.directory().join("sheaf.yaml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, config.replace("${env:TOKEN}", "${file:rotated}")).unwrap();
    std::fs::write(instance.directory().join("rotated"), SECOND).unwrap();
    assert!(!answers(&instance, SECOND));
    instance.hang_up();
    until("the token of the new configuration is accepted", || answers(&instance, SECOND));
    assert!(!answers(&instance, TOKEN), "the former one is none any more");

    // A token that is too short leaves all as it is; another text of the file, and another certificate, need no signal.
    std::fs::write(instance.directory().join("rotated"), "short").unwrap();
    instance.hang_up();
    std::thread::sleep(Duration::from_millis(500));
    assert!(answers(&instance, SECOND));
    std::fs::write(instance.directory().join("rotated"), THIRD).unwrap();
    until("the token of the changed file is accepted", || answers(&instance, THIRD));
    assert!(!answers(&instance, SECOND), "the former one is none any more");
    put("self-signed.pem", "self-signed.key");
    until("the certificate of the changed file is sent, which nobody has signed", || !answers(&instance, THIRD));
    put("server.pem", "server.key");
    instance.hang_up();
    until("the former certificate is sent again", || answers(&instance, THIRD));
}
