//! What operators are given: the alert rules and the dashboards name metrics that exist, and each rule has a section in the runbooks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("it exists")
}

/// The metrics of the reference page, which is generated from the registry, with the series of histograms.
fn known() -> BTreeSet<String> {
    let page = read("docs/metrics.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let series = |(name, rest): (&str, &str)| {
        let suffixes: &[&str] = if rest.starts_with(" | histogram") { &["_bucket", "_count", "_sum"] } else { &[""] };
        suffixes.iter().map(|suffix| format!("{name}{suffix}")).collect::<Vec<_>>()
    };
    rows.flat_map(series).collect()
}

/// The words that are metrics of sheaf.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|it: char| !it.is_ascii_alphanumeric() && it != '_');
    words.filter(|word| word.starts_with("sheaf_")).map(str::to_owned).collect()
}

#[test]
fn the_rules_and_the_dashboards_name_metrics_that_exist() {
    let known = known();
    assert!(known.len() > 80, "{known:?}");
    let dashboards = ["overview", "flows", "internals", "control-m"]
        .map(|name| format!("ops/grafana/provisioning/dashboards/sheaf/{name}.json"));
    for path in [vec!["ops/prometheus/rules/sheaf.yaml".to_owned()], dashboards.to_vec()].concat() {
        let named = named(&read(&path));
        assert!(named.len() > 5, "{path}: {named:?}");
        let unknown: Vec<&String> = named.difference(&known).collect();
        assert!(unknown.is_empty(), "{path}: {unknown:?}");
    }
}

#[test]
fn each_rule_has_a_test_and_a_section_in_the_runbooks() {
    let rules = read("ops/prometheus/rules/sheaf.yaml");
    let names = rules.lines().filter_map(|line| line.trim_start().strip_prefix("- alert: "));
    let names: BTreeSet<&str> = names.collect();
    assert!(names.len() > 27, "{names:?}");
    let runbooks = read("docs/runbooks.md");
    let sections: BTreeSet<&str> = runbooks.lines().filter_map(|line| line.strip_prefix("### Sheaf")).collect();
    let expected: BTreeSet<&str> = names.iter().filter_map(|name| name.strip_prefix("Sheaf")).collect();
    assert_eq!(sections, expected);
    let tests: String = ["runtime", "bundles", "delivery", "flows", "storage", "long"]
        .iter()
        .map(|name| read(&format!("ops/prometheus/tests/{name}.yaml")))
        .collect();
    let untested: Vec<&&str> = names.iter().filter(|name| !tests.contains(&format!("alertname: {name}\n"))).collect();
    assert!(untested.is_empty(), "{untested:?}");
    for name in names {
        let link = format!("docs/runbooks.md#{}", name.to_lowercase());
        assert!(rules.contains(&link), "{name} has no runbook_url");
    }
}

/// The warnings of `sheaf validate` on a recipe of docs/security.md, which is valid.
fn warnings(path: &Path) -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    command.args(["validate", "-c"]).arg(path).current_dir(env!("CARGO_MANIFEST_DIR"));
    let Output { status, stderr, .. } = command.output().expect("the command");
    let said = String::from_utf8(stderr).expect("text");
    assert!(status.success(), "{}: {said}", path.display());
    said.lines().map(str::to_owned).collect()
}

fn recipes(directory: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let items = std::fs::read_dir(root).expect("it exists").map(|item| item.expect("it is read").path());
    items.filter(|path| path.extension().is_some_and(|it| it == "yaml")).collect()
}

/// The secrets are not those of this machine; the client takes all properties.
#[test]
fn each_recipe_of_a_login_is_valid() {
    let all = recipes("examples/security");
    assert!(all.len() >= 8, "{all:?}");
    for path in all {
        let refused: Vec<String> = warnings(&path).into_iter().filter(|line| line.contains(": property ")).collect();
        assert!(refused.is_empty(), "{}: {refused:?}", path.display());
    }
}
