//! The HTTP server with a certificate.

use std::path::{Path, PathBuf};
use std::process::Output;

use super::process::{instance_with, sheaf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls").join(name)
}

/// The section `http.tls` with these files.
fn tls(cert: &str, key: &str) -> String {
    format!(", tls: {{ cert: \"{}\", key: \"{}\" }}", fixture(cert).display(), fixture(key).display())
}

#[test]
fn an_instance_with_a_certificate_answers_those_who_trust_it() {
    let instance = instance_with("https", &tls("server.pem", "server.key"));
    let ask = |url: &str, more: &[&str]| {
        let mut command = sheaf();
        command.args(["instances", "-o", "csv", "--url", url, "--token-file", "token"]).args(more);
        let Output { status, stdout, stderr } = command.current_dir(instance.directory()).output().unwrap();
        (status.code(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
    };
    let authority = fixture("authority.pem").display().to_string();
    let (code, text) = ask(&instance.url, &["--ca", &authority]);
    assert!(code == Some(0) && text.contains("shop-orders,a,127.0.0.1:"), "{text}");
    let (code, text) = ask(&instance.url, &[]);
    assert!(code == Some(69) && text.contains("certificate"), "nobody else trusts it: {text}");
    let (code, text) = ask(&instance.url.replace("https", "http"), &[]);
    assert!(code == Some(69) && !text.contains("shop"), "nothing is answered unencrypted: {text}");
}

#[test]
fn files_that_are_no_certificate_or_no_pair_end_the_start_with_the_reason() {
    for (cert, key, reason) in [
        ("missing.pem", "server.key", "http.tls.cert: "),
        ("server.key", "server.key", "has no certificate in PEM form"),
        ("server.pem", "server.pem", "http.tls.key: "),
        ("server.pem", "self-signed.key", "give the private key of the certificate"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let topology = "name: t\nsources: [{ topic: e, member: child, bundle: /b, id: /i }]\nbundle: { children: 2 }\n";
        std::fs::write(directory.path().join("t.yaml"), topology).unwrap();
        let config = format!(
            "application_id: a\nkafka: {{ bootstrap_servers: b }}\ntopologies: [t.yaml]\nhttp: {{ bind: \"127.0.0.1:0\"{} }}\n",
            tls(cert, key)
        );
        std::fs::write(directory.path().join("sheaf.yaml"), config).unwrap();
        let output = sheaf().args(["run"]).current_dir(directory.path()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(78) && text.contains(reason), "{cert}, {key}: {text}");
    }
}
