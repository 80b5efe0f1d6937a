//! The commands that ask a running instance, and those about the configuration.

use std::process::{Command, Output};

use serde_json::Value;

use super::process::{Instance, instance, sheaf};

/// The exit code of a command, its standard output, and its standard error.
fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// Runs a command beside the files of an instance, with its address and its token.
fn asked(instance: &Instance, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = sheaf();
    command.env("SHEAF_URL", &instance.url).env("SHEAF_TOKEN_FILE", "token").current_dir(instance.directory());
    run(command.args(arguments))
}

#[test]
fn a_running_instance_tells_its_state_in_four_forms() {
    let instance = instance();
    let (code, json, stderr) = asked(&instance, &["instances", "-o", "json"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let items: Value = serde_json::from_str(&json).unwrap();
    let applications: Vec<_> = items.as_array().unwrap().iter().map(|item| &item["application"]).collect();
    assert_eq!(applications, ["shop-invoices", "shop-orders"]);
    assert_eq!(format!("http://{}", items[0]["address"].as_str().unwrap()), instance.url);
    let (_, csv, _) = asked(&instance, &["instances", "-o", "csv", "--application", "shop-orders"]);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "application,instance,address,state,alive,ready,tasks,standbys");
    assert!(lines.len() == 2 && lines[1].starts_with("shop-orders,a,127.0.0.1:"), "{csv}");
    let (_, table, _) = asked(&instance, &["instances"]);
    assert!(table.contains("│ shop-orders") && table.contains("instance"), "{table}");
    let (_, yaml, _) = asked(&instance, &["instances", "-o", "yaml"]);
    assert!(yaml.contains("  application: shop-orders\n"), "{yaml}");
    assert_eq!(asked(&instance, &["tasks"]), (Some(0), "none\n".to_owned(), String::new()), "it has not joined");
}

#[test]
fn a_refused_request_and_a_silent_instance_have_codes_and_remedies() {
    let instance = instance();
    let (code, _, stderr) = asked(&instance, &["tasks", "--application", "shop"]);
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("answers 404: there is no application `shop`") && stderr.contains("shop-orders"),
        "{stderr}"
    );
    let (code, _, stderr) = run(sheaf().args(["tasks", "--url", &instance.url]));
    assert_eq!(code, Some(1));
    assert!(stderr.contains("401") && stderr.contains("http.tokens"), "{stderr}");
    let (code, _, stderr) = run(sheaf().args(["tasks", "--url", "http://127.0.0.1:1"]));
    assert_eq!(code, Some(69));
    assert!(stderr.contains("no instance answers at http://127.0.0.1:1") && stderr.contains("--url"), "{stderr}");
    let (code, _, stderr) = run(sheaf().args(["tasks", "--url", "127.0.0.1:8080"]));
    assert_eq!(code, Some(2), "{stderr}");
    let (code, _, stderr) = run(sheaf().args(["tasks", "--token-file", "/nonexistent"]));
    assert_eq!(code, Some(2), "{stderr}");
}

#[test]
fn the_configuration_is_shown_without_secrets_by_the_command_and_by_the_instance() {
    let instance = instance();
    let (code, shown, _) = asked(&instance, &["config", "show", "-c", "sheaf.yaml", "-o", "json"]);
    assert_eq!(code, Some(0));
    assert!(!shown.contains("hunter2") && shown.contains("${env:TOKEN}"), "{shown}");
    let items: Value = serde_json::from_str(&shown).unwrap();
    let found = items.as_array().unwrap().iter().find(|item| item["path"] == "application_id").unwrap();
    assert_eq!((&found["value"], &found["origin"]), (&"shop".into(), &"sheaf.yaml:1:17".into()));
    let (_, table, _) = asked(&instance, &["config", "show"]);
    assert!(table.contains("│ kafka.properties.sasl.password") && table.contains("***"), "{table}");
}

#[test]
fn a_first_file_is_written_once_and_is_valid() {
    let directory = tempfile::tempdir().unwrap();
    let in_it = || {
        let mut command = sheaf();
        command.current_dir(directory.path());
        command
    };
    let (code, _, stderr) = run(in_it().args(["config", "init", "sheaf.yaml", "--application-id", "x: y"]));
    assert_eq!(code, Some(0), "{stderr}");
    let (code, _, stderr) = run(in_it().args(["config", "init", "sheaf.yaml"]));
    assert_eq!(code, Some(1));
    assert!(stderr.contains("sheaf.yaml") && stderr.contains("exists"), "{stderr}");
    let (code, _, stderr) = run(in_it().args(["config", "show"]));
    assert_eq!(code, Some(78), "a name with a colon is quoted, and refused");
    assert!(stderr.contains("`x: y` cannot be part of a topic's name"), "{stderr}");
    let (code, schema, _) = run(sheaf().args(["config", "schema"]));
    assert_eq!(code, Some(0));
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(schema.pointer("/properties/http/properties/bind/type"), Some(&"string".into()));
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let (code, text, _) = run(sheaf().args(["completions", shell]));
        assert!(code == Some(0) && text.contains("instances") && text.contains("deliveries"), "{shell}");
    }
    let directory = tempfile::tempdir().unwrap();
    let (code, page, _) = run(sheaf().arg("man"));
    assert!(code == Some(0) && page.contains(".TH sheaf 1"), "{page}");
    let (code, _, stderr) = run(sheaf().args(["man", "--dir"]).arg(directory.path()));
    assert_eq!(code, Some(0), "{stderr}");
    assert!(directory.path().join("sheaf-config-show.1").exists());
}
