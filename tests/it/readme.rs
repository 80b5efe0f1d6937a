//! README and docs match the repository: files and links exist, commands have help, the demo's lines and the configuration are
//! current.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sheaf::mock::control_m::{Action, Fault};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page of the documentation, with its text.
fn pages() -> Vec<(PathBuf, String)> {
    let mut paths: Vec<PathBuf> = [
        "README.md",
        "CONTRIBUTING.md",
        "topologies/README.md",
        "templates/README.md",
        "state/README.md",
        "examples/control-m/README.md",
        "examples/food/README.md",
        "examples/orders/README.md",
        "examples/retail/README.md",
        "examples/webhook/README.md",
        "examples/workflows/README.md",
    ]
    .iter()
    .map(PathBuf::from)
    .collect();
    for directory in ["docs", "docs/decisions"] {
        let items = std::fs::read_dir(root().join(directory)).unwrap();
        let names = items.map(|item| Path::new(directory).join(item.unwrap().file_name()));
        paths.extend(names.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    paths.into_iter().map(|path| (path.clone(), std::fs::read_to_string(root().join(path)).unwrap())).collect()
}

/// The fenced blocks of a page: the language and the text.
fn blocks(page: &str) -> Vec<(&str, String)> {
    let (mut blocks, mut open): (Vec<(&str, String)>, _) = (Vec::new(), false);
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(kind) if !open => {
                blocks.push((kind, String::new()));
                open = true;
            }
            Some(_) => open = false,
            None if open => blocks.last_mut().unwrap().1.extend([line, "\n"]),
            None => {}
        }
    }
    blocks
}

fn sheaf(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SHEAF_")) {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(root()).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_example_configuration_is_valid_with_its_topology_and_template() {
    let output = sheaf(&["validate", "-c", "sheaf.yaml"]);
    let printed = text(&output);
    assert!(output.status.success() && printed.contains("ok: application ctm, topology control-m"), "{printed}");
    assert!(printed.contains("submits to smprod with templates/bundle.json"), "{printed}");
}

#[test]
fn the_topology_in_the_readme_is_the_file() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let file = std::fs::read_to_string(root().join("topologies/control-m.yaml")).unwrap();
    let file: String = file.lines().filter(|line| !line.starts_with('#')).flat_map(|line| [line, "\n"]).collect();
    assert!(blocks(&readme).contains(&("yaml", file.clone())), "README.md does not contain\n{file}");
}

#[test]
fn the_code_in_the_page_on_processors_is_the_example() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let code = ["examples/counter/processor.rs", "tests/it/driver/counter.rs", "tests/it/golden/counter.rs"]
        .map(read)
        .concat();
    let page = read("docs/processor.md");
    let shown: Vec<String> = blocks(&page).into_iter().filter(|(kind, _)| *kind == "rust").map(|(_, it)| it).collect();
    assert_eq!(shown.len(), 6, "the page shows state, step, metrics, topology, test and golden text");
    for block in shown {
        assert!(code.contains(&block), "docs/processor.md shows code that is not in the example:\n{block}");
    }
}

/// The words of a command line that are paths in the repository: with a slash or a known extension, no addresses or variables.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    let line = line.split(" #").next().unwrap_or_default();
    line.split_whitespace().map(|word| word.trim_matches(['"', '\''])).filter(|word| {
        let named = word.contains('/') || [".yaml", ".yml", ".md", ".json"].iter().any(|end| word.ends_with(end));
        named && !word.contains([':', '$', '=', '~', '[', '\\']) && !word.starts_with('/')
    })
}

#[test]
fn every_file_in_a_command_exists() {
    let mut seen = 0;
    for (page, text) in pages() {
        for (_, block) in blocks(&text).into_iter().filter(|(kind, _)| *kind == "sh") {
            for path in block.lines().flat_map(paths) {
                assert!(root().join(path).exists(), "{}: {path} does not exist", page.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 4, "only {seen} paths were found");
}

#[test]
fn every_link_between_pages_leads_to_a_file() {
    let mut seen = 0;
    for (page, text) in pages() {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || target.contains("://") {
                continue;
            }
            let path = root().join(&page).parent().unwrap().join(file);
            assert!(path.exists(), "{}: the target of the link {target} does not exist", page.display());
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} links were found");
}

/// The subcommands after `sheaf ` in a text: one word, or two for a command with subcommands.
fn subcommands(text: &str) -> BTreeSet<Vec<String>> {
    let mut named = BTreeSet::new();
    for rest in text.split("sheaf ").skip(1) {
        let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
        let mut words =
            rest.split(['`', '\n', ' ', ',', '"', '\'']).take_while(is_word).filter(|word| !word.is_empty());
        let Some(first) = words.next() else { continue };
        let mut command = vec![first.to_owned()];
        if ["state", "topology", "mock", "deliveries", "bundles", "audit", "dlq", "flows"].contains(&first) {
            command.extend(words.next().map(str::to_owned));
        }
        named.insert(command);
    }
    named
}

/// The subcommands in backticks; elsewhere in a sentence sheaf is a name, not a command.
fn quoted(text: &str) -> BTreeSet<Vec<String>> {
    text.split("`sheaf ")
        .skip(1)
        .filter_map(|rest| rest.split('`').next())
        .flat_map(|code| subcommands(&format!("sheaf {code}")))
        .collect()
}

#[test]
fn every_command_in_a_page_has_help() {
    let mut named = BTreeSet::new();
    for (_, text) in pages() {
        named.extend(quoted(&text));
        for (_, block) in blocks(&text).into_iter().filter(|(kind, _)| *kind == "sh") {
            named.extend(block.lines().flat_map(subcommands));
        }
    }
    // The commands in remedies of errors exist too.
    named.extend(quoted(include_str!("../../src/runtime/error/mod.rs")));
    for expected in [vec!["run"], vec!["mock", "control-m"], vec!["state", "republish"]] {
        assert!(named.iter().any(|command| *command == expected), "{expected:?} was not found in {named:?}");
    }
    for command in named {
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        arguments.push("--help");
        let output = sheaf(&arguments);
        assert!(output.status.success(), "sheaf {}: {}", command.join(" "), text(&output));
    }
}

#[test]
fn the_demo_prints_the_lines_of_the_readme() {
    let output = sheaf(&["demo", "--fast"]);
    assert!(output.status.success(), "{}", text(&output));
    let printed = text(&output);
    let mut printed = printed.lines();
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let shown = blocks(&readme).into_iter().map(|(_, block)| block).find(|block| block.contains("The oracle agrees"));
    for line in shown.unwrap().lines().filter(|line| !line.is_empty() && line.trim() != "⋮") {
        assert!(printed.any(|other| other == line), "`sheaf demo --fast` does not print here: {line}");
    }
}

#[test]
fn the_demo_fits_a_terminal_and_shows_a_submission_at_once() {
    let printed = text(&sheaf(&["demo", "--fast"]));
    let wide: Vec<&str> = printed.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "wider than 80 columns: {wide:#?}");
    let first = printed.lines().position(|line| line.contains("  submitted as folder-"));
    assert!(first.is_some_and(|line| line < 15), "the first submission is in line {first:?}");
}

#[test]
fn the_kill_of_the_demo_tells_what_was_in_danger() {
    for seed in ["7", "8", "9"] {
        let printed = text(&sheaf(&["demo", "--fast", "--json", "--seed", seed]));
        let lines = printed.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let killed = lines.map(|mut line| line["observation"].take()).find(|line| line["type"] == "killed").unwrap();
        assert!(killed["open_bundles"].as_u64().unwrap() > 0, "{killed}");
        assert_eq!(
            (&killed["uncommitted_events"], &killed["uncommitted_submissions"]),
            (&1.into(), &1.into()),
            "{killed}"
        );
    }
}

#[test]
fn the_fault_in_the_simulators_help_is_valid() {
    let help = text(&sheaf(&["mock", "control-m", "--help"]));
    let fault = help.split("-d '").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    let fault: Fault = serde_json::from_str(fault).unwrap_or_else(|error| panic!("{fault}: {error}"));
    assert_eq!(fault.action, Action::Respond { status: 503, headers: BTreeMap::new(), body: String::new() });
}
