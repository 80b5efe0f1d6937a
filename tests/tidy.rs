//! The house rules that are checked on the source text: the layers of modules, and the layout of files.
//!
//! The tables below are the rules. This binary does not use sheaf, so it is quick to build and runs when sheaf does not
//! compile. Each violation is reported as `file:line: rule`, or with the names that two files use of each other; tests
//! break each rule once, to show that it can fail.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "tidy/circle.rs"]
mod circle;
#[path = "tidy/code.rs"]
mod code;
#[path = "tidy/field.rs"]
mod field;
#[path = "tidy/graph.rs"]
mod graph;
#[path = "tidy/inner_floor.rs"]
mod inner_floor;
#[path = "tidy/rule.rs"]
mod rule;
#[path = "tidy/script.rs"]
mod script;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/token.rs"]
mod token;

use std::path::{Path, PathBuf};

/// The floors, lowest first. A module names only modules of lower floors, none above it and none on its floor.
const FLOORS: [&[&str]; 11] = [
    &["model"],
    &["codec", "template"],
    &["processor"],
    &["topology"],
    &["config", "metric"],
    &["broker", "store", "secret", "blob", "http_client"],
    &["runtime", "sink", "mock", "aws", "oauth", "otlp"],
    &["admin", "sim"],
    &["app"],
    &["testing"],
    &["cli"],
];

/// Foreign crates with a back end, and the only files that may name them.
const HOMES: [(&str, &[&str]); 37] = [
    ("rquickjs", &["src/processor/script/engine/"]),
    ("oxc_ast", &["src/processor/script/engine/"]),
    ("oxc_ast_visit", &["src/processor/script/engine/"]),
    ("oxc_allocator", &["src/processor/script/engine/"]),
    ("oxc_codegen", &["src/processor/script/engine/"]),
    ("oxc_diagnostics", &["src/processor/script/engine/"]),
    ("oxc_parser", &["src/processor/script/engine/"]),
    ("oxc_semantic", &["src/processor/script/engine/"]),
    ("oxc_sourcemap", &["src/processor/script/engine/"]),
    ("oxc_span", &["src/processor/script/engine/"]),
    ("oxc_transformer", &["src/processor/script/engine/"]),
    ("opentelemetry_proto", &["src/otlp/"]),
    ("prost", &["src/otlp/"]),
    ("opentelemetry", &["src/otlp/"]),
    ("opentelemetry_sdk", &["src/otlp/"]),
    ("opentelemetry_otlp", &["src/otlp/"]),
    ("opentelemetry_http", &["src/otlp/"]),
    ("rdkafka", &["src/broker/kafka/"]),
    ("rocksdb", &["src/store/rocks/"]),
    (
        "reqwest",
        &["src/http_client/", "src/sink/", "src/oauth/", "src/otlp/", "src/admin/client.rs", "src/admin/api/peers.rs"],
    ),
    ("lettre", &["src/sink/smtp/"]),
    ("rustls", &["src/sink/", "src/admin/tls.rs"]),
    ("tokio_rustls", &["src/admin/tls.rs"]),
    ("prometheus", &["src/metric/"]),
    ("bincode", &["src/codec/binary.rs"]),
    ("tokio", &["src/sink/", "src/mock/", "src/aws/", "src/oauth/", "src/otlp/", "src/admin/", "src/app/", "src/cli/"]),
    ("axum", &["src/mock/", "src/admin/"]),
    ("hyper", &["src/admin/connection.rs"]),
    ("utoipa", &["src/admin/api/"]),
    ("utoipa_axum", &["src/admin/api/"]),
    ("anyhow", &["src/cli/"]),
    ("clap", &["src/cli/"]),
    ("clap_complete", &["src/cli/"]),
    ("clap_mangen", &["src/cli/"]),
    ("indicatif", &["src/cli/progress.rs"]),
    ("sd_notify", &["src/cli/service.rs"]),
    ("quick_xml", &["src/topology/diagram/"]),
];

/// Macros that print, and the only module that may use them.
const PRINTING: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];
const MAY_PRINT: &str = "src/cli/";

/// The folder with librdkafka's C calls, and the allocator of the engine of scripts: all unsafe code.
const MAY_BE_UNSAFE: [&str; 2] = ["src/broker/kafka/native/", "src/processor/script/engine/native/"];

/// Names that do not describe the contents of a file or module.
const NAMELESS: [&str; 8] = ["util", "utils", "helper", "helpers", "common", "misc", "manager", "manager2"];

/// The most lines of a file, except for the one file with all unsafe code.
const LINES_MAX: usize = 400;

/// The floors within `runtime`, lowest first: its modules by the names of their files and folders. The rule is that of the
/// outer floors, for code; `mod.rs` is above all.
const RUNTIME_FLOORS: &[&[&str]] = &[
    &[
        "clock",
        "decisions",
        "envelope",
        "error",
        "fault_point",
        "genesis",
        "incarnation",
        "memory_budget",
        "mutation",
        "notice",
        "open_entries",
        "peer",
        "reminder",
        "thread_state",
        "turn",
        "waiting",
        "waker",
        "watermark",
    ],
    &["checkpoint", "handoff", "mailbox", "settings", "stored_entry", "whole_topic"],
    &["running_tasks"],
    &["dead_letter", "definitions", "generation", "status", "topic_kind", "topology_plan"],
    &["alert", "audit", "context", "former_topic", "history", "span_id", "topics", "transaction"],
    &["audit_log", "command_sender", "replay"],
    &["instances", "keying", "missing_topics", "republish", "standstill", "task", "watermark_round"],
    &["changelog", "watermark_rounds", "thread", "query"],
    &["housekeeping"],
    &["instance"],
    &["application"],
];

/// The most fields of a struct of `runtime`.
const FIELDS_MAX: usize = 12;

/// Exceptions, by file and name, until they are split.
const WIDE_STRUCTS: &[(&str, &str)] = &[];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a directory of the repository: path and text.
fn files(below: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut directories: Vec<PathBuf> = vec![root().join(below)];
    while let Some(directory) = directories.pop() {
        for item in std::fs::read_dir(&directory).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn check_all(files: &[(String, String)]) {
    assert!(files.len() > 10, "the source files were not found");
    let broken: Vec<String> = files.iter().flat_map(|(name, text)| rule::check(name, text)).collect();
    assert!(broken.is_empty(), "{} broken rules:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn the_source_keeps_the_rules() {
    check_all(&files("src"));
}

#[test]
fn the_tests_keep_the_rules_for_files() {
    check_all(&files("tests"));
}

#[test]
fn the_benchmarks_keep_the_rules_for_files() {
    check_all(&files("bench"));
}

#[test]
fn every_module_has_its_floor() {
    let declared: Vec<String> = std::fs::read_to_string(root().join("src/lib.rs"))
        .unwrap()
        .lines()
        .filter_map(|line| Some(line.strip_prefix("pub mod ")?.strip_suffix(';')?.to_owned()))
        .collect();
    let mut known: Vec<&str> = FLOORS.concat();
    known.sort_unstable();
    assert_eq!(declared, known, "src/lib.rs and the table of floors in tests/tidy.rs");
}

/// The table of floors as a page shows it: the words in backticks of each row's second column.
#[test]
fn the_pages_that_show_the_floors_show_these() {
    for page in ["src/lib.rs", "CONTRIBUTING.md", "docs/architecture.md"] {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        for (floor, modules) in FLOORS.iter().enumerate() {
            let start = format!("| {floor} | ");
            let row =
                text.lines().map(|line| line.trim_start_matches("//! ")).find_map(|line| line.strip_prefix(&start));
            let column = row.and_then(|row| row.split(" | ").next()).unwrap_or_else(|| panic!("{page}: floor {floor}"));
            let shown: Vec<&str> = column.split('`').skip(1).step_by(2).collect();
            assert_eq!(&shown, modules, "{page}: floor {floor}");
        }
    }
}

/// Checks that a file with this name and body breaks exactly one rule, on this line and with these words.
fn breaks(name: &str, body: &str, line: usize, words: &str) {
    let found = rule::check(name, &format!("//! What it is for.\n{body}\n"));
    let [only] = found.as_slice() else { panic!("{name}: {body}\nbreaks {found:#?}") };
    assert!(only.starts_with(&format!("{name}:{line}: ")) && only.contains(words), "{only}");
}

fn keeps(name: &str, body: &str) {
    let found = rule::check(name, &format!("//! What it is for.\n{body}\n"));
    assert!(found.is_empty(), "{name}: {body}\nbreaks {found:#?}");
}

#[test]
fn a_module_that_names_one_on_its_floor_or_above_is_found() {
    breaks("src/model/id.rs", "use crate::runtime::Plan;", 2, "`runtime` on floor 6");
    breaks("src/codec/mod.rs", "\nfn f() { crate::template::compile(); }", 3, "`template` on floor 1");
    breaks("src/store/mod.rs", "use crate::{model::Key, codec, broker::{self, Admin}};", 2, "`broker` on floor 5");
    breaks("src/store/mod.rs", "use crate::{\n    model::Key,\n    sink,\n};", 4, "`sink`");
    breaks("src/metric/mod.rs", "/// As in [`Status`](crate::runtime::Status).\nfn f() {}", 2, "`runtime`");
    breaks("src/model/id.rs", "use super::super::codec;", 2, "climbs out");
    breaks("src/model/mod.rs", "mod a { use super::super::codec; }", 2, "climbs out");
    breaks("src/model/mod.rs", "use crate::nowhere::Thing;", 2, "`nowhere`");
    keeps("src/runtime/thread/work.rs", "use crate::broker;\nuse crate::runtime::Plan;\nuse super::super::plan;");
    keeps(
        "src/model/id.rs",
        "mod tests { use super::super::record; }\npub(crate) fn f() -> &'static str { \"crate::cli\" }",
    );
}

#[test]
fn a_foreign_crate_outside_its_homes_is_found() {
    for (name, homes) in HOMES {
        breaks("src/model/id.rs", &format!("use {name}::Thing;"), 2, &format!("`{name}`"));
        breaks("src/model/id.rs", &format!("fn f(x: &{name}::Thing) {{}}"), 2, &format!("`{name}`"));
        for home in homes {
            let file = if home.ends_with('/') { format!("{home}x.rs") } else { (*home).to_owned() };
            keeps(&file, &format!("use {name}::Thing;"));
        }
    }
    keeps("src/model/id.rs", "// rdkafka::Thing\nfn f() { let rocksdb = \"tokio::spawn\"; }");
}

#[test]
fn printing_and_unsafe_code_in_the_wrong_place_are_found() {
    breaks("src/sink/mod.rs", "fn f() { println!(\"x\"); }", 2, "`println!`");
    keeps("src/cli/command/run.rs", "fn f() { println!(\"x\"); }");
    breaks("src/store/mod.rs", "\nfn f() { unsafe { g() } }", 3, "unsafe");
    keeps(&format!("{}x.rs", MAY_BE_UNSAFE[0]), "fn f() { unsafe { g() } }");
}

#[test]
fn a_file_with_a_broken_layout_is_found() {
    assert!(rule::check("src/model/id.rs", "use a::b;\n").concat().contains("src/model/id.rs:1: "));
    breaks("src/model/id.rs", &"\n".repeat(LINES_MAX), LINES_MAX + 1, "at most 400");
    keeps("src/model/id.rs", &"\n".repeat(LINES_MAX - 2));
    breaks("src/model/util.rs", "", 1, "`util`");
    breaks("tests/it/common/x.rs", "", 1, "`common`");
    breaks("src/model/mod.rs", "mod helper;", 2, "`helper`");
    breaks("src/model/mod.rs", "#[allow(dead_code)]\nfn f() {}", 2, "reason");
    breaks("src/model/mod.rs", "#![allow(\n    dead_code\n)]", 2, "reason");
    keeps("src/model/mod.rs", "#![allow(dead_code, reason = \"shown to a test\")]");
}
