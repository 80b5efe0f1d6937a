//! What docs/alerts.md and sheaf.yaml show.

use serde_json::Value;
use sheaf::app::test_message;
use sheaf::config::{Config, Sources};
use sheaf::model::Timestamp;
use sheaf::processor::call::Request;

const PAGE: &str = include_str!("../../../docs/alerts.md");
const FILE: &str = include_str!("../../../sheaf.yaml");

/// The first block of the page in this language.
fn block(language: &str) -> &'static str {
    let (_, after) = PAGE.split_once(&format!("```{language}\n")).unwrap();
    after.split_once("```").unwrap().0
}

fn load(name: &str, text: &str, flags: &[&str]) -> Config {
    let files = [(name.to_owned(), text.to_owned())];
    let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
    let sources = Sources { files: &files, environment: &[], flags: &flags, host_name: "a" };
    Config::load(&sources).unwrap_or_else(|problems| panic!("{problems}"))
}

const NEEDED: [&str; 2] = ["application_id=ctm", "kafka.bootstrap_servers=k:1"];

#[test]
fn the_example_of_the_page_is_a_configuration() {
    let config = load("docs/alerts.md", block("yaml"), &NEEDED);
    let names: Vec<&str> = config.alerts.routes.iter().map(|route| route.name.as_str()).collect();
    assert_eq!(names, ["ops", "pager", "mail"]);
}

#[test]
fn the_commented_example_of_the_file_is_a_configuration() {
    let (_, example) = FILE.split_once("# sinks:").unwrap();
    let lines = example.lines().skip(1).take_while(|line| line.starts_with('#'));
    let text: Vec<&str> = lines.filter_map(|line| line.strip_prefix("# ")).collect();
    let config = load("sheaf.yaml", &format!("sinks:\n{}", text.join("\n")), &NEEDED);
    assert_eq!((config.sinks.0.len(), config.alerts.routes.len()), (2, 2));
}

#[test]
fn a_generic_message_has_the_members_of_the_page() {
    let hook = "sinks={hook: {webhook: {url: 'http://h'}}}";
    let flags = [&NEEDED[..], &[hook, "alerts.routes=[{to: hook}]"]].concat();
    let message = test_message(&load("x", "", &flags), "hook", Timestamp::from_millis(1_767_225_610_000)).unwrap();
    let Request::Webhook(request) = message.request else { panic!("a webhook gets a POST") };
    let sent: Value = serde_json::from_str(&request.body).unwrap();
    let shown: Value = serde_json::from_str(block("json")).unwrap();
    assert_eq!(shape(&sent), shape(&shown));
}

/// The names of all members, and the types of their values.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
        Value::Array(values) => values.iter().take(1).map(shape).collect(),
        Value::String(_) => "text".into(),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "boolean".into(),
        Value::Null => Value::Null,
    }
}
