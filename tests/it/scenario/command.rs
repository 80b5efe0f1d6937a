//! `sheaf test`: its output and its exit codes.

use std::path::Path;
use std::process::{Command, Output};

fn sheaf_test(directory: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sheaf"));
    let Output { status, stdout, stderr } =
        command.arg("test").args(arguments).current_dir(directory).output().unwrap();
    (status.code(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
}

/// A directory with the scenario of a loan.
fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let topologies = super::topologies();
    for name in ["loan.yaml", "loan.scenario"] {
        std::fs::copy(topologies.join(name), directory.path().join(name)).unwrap();
    }
    directory
}

#[test]
fn what_is_expected_is_told_by_exit_code_0() {
    let directory = directory();
    let (code, printed) = sheaf_test(directory.path(), &["."]);
    assert_eq!(code, Some(0), "{printed}");
    assert!(
        printed.contains("ok    ./loan.scenario:4  All five banks quote before the two hours are over\n"),
        "{printed}"
    );
    assert!(printed.ends_with("3 scenarios: 3 passed\n") && !printed.contains('\u{1b}'), "{printed}");
}

#[test]
fn a_difference_is_told_with_file_and_line_field_by_field_and_update_takes_it() {
    let directory = directory();
    let path = directory.path().join("loan.scenario");
    let before = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, before.replacen("\"late\":false", "\"late\":true", 1)).unwrap();
    let line = 1 + before.lines().position(|line| line.contains("\"late\":false")).unwrap();
    let (code, printed) = sheaf_test(directory.path(), &["loan.scenario", "--junit", "j.xml", "--html", "pages"]);
    assert_eq!(code, Some(1), "{printed}");
    let expected = format!("loan.scenario:{line}: - is expected, + happens\n");
    assert!(printed.contains("FAIL  loan.scenario:4  ") && printed.contains(&expected), "{printed}");
    assert!(printed.contains("-           \"late\": true\n      +           \"late\": false\n"), "{printed}");
    assert!(printed.contains("3 scenarios: 2 passed, 1 failed (--update writes what happens)"), "{printed}");
    assert!(std::fs::read_to_string(directory.path().join("j.xml")).unwrap().contains("failures=\"1\""));
    assert!(
        directory.path().join("pages/index.html").exists() && directory.path().join("pages/1-loan-3.html").exists()
    );
    let page = std::fs::read_to_string(directory.path().join("pages/1-loan-2.html")).unwrap();
    let row = "<tr><td>3h</td><td>after_closing</td><td>child</td>";
    assert!(page.contains("<h3>bundle l-2 <span class=\"soft\">closed</span></h3>") && page.contains(row), "{page}");
    let (code, printed) = sheaf_test(directory.path(), &["loan.scenario", "--update"]);
    assert!(code == Some(0) && printed.contains("loan.scenario: 1 step is written"), "{printed}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
}

#[test]
fn a_scenario_without_expectations_shows_what_happens() {
    let directory = directory();
    let text = "topology loan.yaml\n\n# A request.\nsend loan-requests {\"request_id\": \"l\"}\n";
    std::fs::write(directory.path().join("new.scenario"), text).unwrap();
    let (code, printed) = sheaf_test(directory.path(), &["new.scenario"]);
    assert_eq!(code, Some(1), "{printed}");
    for words in [
        "new   new.scenario:3  A request",
        "--update writes to the file",
        "      ----\n      state   bundle l open/waiting-children",
    ] {
        assert!(printed.contains(words), "{words}\n---\n{printed}");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_told_by_exit_code_78() {
    let directory = directory();
    std::fs::write(directory.path().join("a.scenario"), "topology none.yaml\n\n# A.\nuntil 1h\n").unwrap();
    std::fs::write(directory.path().join("b.scenario"), "topology loan.yaml\nset http.bin=x\n\n# A.\nuntil 1h\n")
        .unwrap();
    std::fs::copy(super::topologies().join("chain.yaml"), directory.path().join("chain.yaml")).unwrap();
    std::fs::write(directory.path().join("c.scenario"), "topology chain.yaml\n\n# A.\nuntil 1h\n").unwrap();
    for (file, words) in [
        ("none.scenario", "error: none.scenario cannot be read"),
        ("a.scenario", "error: a.scenario:1: the topology cannot be used\nnone.yaml cannot be read"),
        ("b.scenario", "b.scenario: a `set` is refused: --set http.bin"),
        ("c.scenario", "run `sheaf test` where `sheaf run` is started"),
        ("pages", "error: pages cannot be read"),
    ] {
        let (code, printed) = sheaf_test(directory.path(), &[file]);
        assert!(code == Some(78) && printed.contains(words), "{words}\n---\n{code:?} {printed}");
    }
    assert_eq!(sheaf_test(directory.path(), &[]).0, Some(2));
}
