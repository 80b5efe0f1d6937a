//! The language of scenarios: what is played, what it leads to, what is refused.

use std::path::Path;

use sheaf::testing::scenario::{Outcome, Played, TestResult, junit, pages, play, update};

const TOPOLOGY: &str = "name: t
sources:
  - { topic: parents, member: parent, bundle: /id, id: { header: id } }
  - { topic: children, member: child, bundle: { key: text }, id: /id }
bundle: { key: text, sla: 2h }
";

/// Plays a text; the first line names its topology.
fn played(directory: &Path, text: &str) -> Played {
    let path = written(directory, text);
    play(&path).unwrap_or_else(|error| panic!("{error}"))
}

fn written(directory: &Path, text: &str) -> std::path::PathBuf {
    std::fs::write(directory.join("t.yaml"), TOPOLOGY).unwrap();
    let path = directory.join("t.scenario");
    std::fs::write(&path, format!("topology t.yaml\n{text}")).unwrap();
    path
}

fn lines(outcome: &Outcome) -> Vec<String> {
    outcome.steps.iter().flat_map(|step| step.moments.iter().flat_map(|moment| moment.lines.clone())).collect()
}

#[test]
fn keys_headers_and_lines_below_belong_to_a_record() {
    let directory = tempfile::tempdir().unwrap();
    let text = "\n# A record.\nsend parents at=1h header.id=\"p 1\"\n  {\"id\": \"a\",\n   \"n\": 1.10}\nsend children key=a {\"id\": \"c\"}\n";
    let played = played(directory.path(), text);
    let [outcome] = played.outcomes.as_slice() else { panic!("{played:?}") };
    let lines = lines(outcome).join("\n");
    assert!(lines.contains(r#"forward submissions key=a {"bundle_id":"a","parent":{"id": "a", "n": 1.10}"#), "{lines}");
    assert_eq!((outcome.result(), outcome.title.as_str(), outcome.line), (TestResult::New, "A record", 3));
}

#[test]
fn each_scenario_begins_anew_and_timers_fire_at_their_own_time() {
    let directory = tempfile::tempdir().unwrap();
    let text = "\n# One.\nsend parents header.id=p {\"id\": \"a\"}\nuntil 5h\n\n# Two. More.\nsend parents header.id=p {\"id\": \"a\"}\n----\n";
    let played = played(directory.path(), text);
    let [one, two] = played.outcomes.as_slice() else { panic!("{played:?}") };
    let due = &one.steps[0].moments[1];
    assert!(due.command.is_none() && due.lines.iter().any(|line| line.starts_with("alert   sla_breach")), "{due:?}");
    let actual = one.steps[0].actual();
    assert!(actual.contains(&"due     2h2s".to_owned()), "with the grace of deadlines: {actual:?}");
    assert_eq!(two.description, "More.");
    assert_eq!(lines(two), lines(one)[..lines(two).len()]);
}

#[test]
fn a_step_without_a_marker_is_not_compared_and_update_writes_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let text = "\n# A.\nsend parents header.id=p {\"id\": \"a\"}\n\nuntil 1h\n----\nstale\n\n# B.\r\nuntil 1h\n";
    let path = written(directory.path(), &text.replace("\r\n", "\n"));
    let played = play(&path).unwrap();
    assert_eq!(played.outcomes[0].result(), TestResult::Failed);
    assert_eq!(update(&played).unwrap(), 2);
    let after = std::fs::read_to_string(&path).unwrap();
    let expected = "topology t.yaml\n\n# A.\nsend parents header.id=p {\"id\": \"a\"}\n\nuntil 1h\n----\nnothing\n\n# B.\nuntil 1h\n----\nnothing\n";
    assert_eq!(after, expected);
    let played = play(&path).unwrap();
    assert!(played.outcomes.iter().all(|outcome| outcome.result() == TestResult::Passed));
    assert_eq!(update(&played).unwrap(), 0);
}

#[test]
fn a_command_that_cannot_be_carried_out_ends_its_scenario_with_the_line() {
    let directory = tempfile::tempdir().unwrap();
    let text = "\n# A.\nanswer a accepted\n----\nx\n\n# B.\nsend parent {}\n\n# C.\ncommand bundel a retry\n";
    let played = played(directory.path(), text);
    let failures: Vec<_> = played.outcomes.iter().map(|outcome| outcome.failure.clone().unwrap()).collect();
    assert_eq!(failures[0], (4, "no act of `a` waits for an answer: none does".to_owned()));
    assert!(
        failures[1].0 == 9 && failures[1].1.contains("there is no topic `parent`; there are parents"),
        "{failures:?}"
    );
    assert!(failures[2].1.contains("there is no processor `bundel`"), "{failures:?}");
}

#[test]
fn all_mistakes_of_a_file_are_told_with_line_and_hint() {
    let directory = tempfile::tempdir().unwrap();
    let text = "let p-1 x\n\n# A.\nsent parents {}\nsend\nuntil soon\nanswer a maybe\nset a=b\n\n----\n";
    let error = play(&written(directory.path(), text)).unwrap_err().to_string();
    for words in [
        "t.scenario:2: `p-1` is not a name",
        "t.scenario:5: there is no command `sent`\n   5 | sent parents {}\n     | did you mean `send`?",
        "t.scenario:6: `send` needs another word",
        "t.scenario:7: `soon` is no time: write the time since the start",
        "t.scenario:8: `maybe` is no answer; answers are accepted, refused,",
        "t.scenario:9: there is no command `set`\n   9 | set a=b\n     | it stands before the first scenario",
        "t.scenario:11: there is no command above this line",
    ] {
        assert!(error.contains(words), "{words}\n---\n{error}");
    }
    std::fs::write(directory.path().join("u.scenario"), "# Nothing.\n").unwrap();
    let error = play(&directory.path().join("u.scenario")).unwrap_err().to_string();
    assert!(error.contains("u.scenario:1: the file names no topology"), "{error}");
}

#[test]
fn reports_escape_what_events_say() {
    let directory = tempfile::tempdir().unwrap();
    let text = "\n# <b>Bold</b> & \"more\".\nsend parents header.id=p {\"id\": \"<script>alert(1)</script>\", \"n\": \"\u{1}\"}\n----\nstate <i>\n";
    let played = [played(directory.path(), text)];
    let report = junit(&played);
    assert!(
        report.contains("tests=\"1\" failures=\"1\"") && report.contains("&lt;b&gt;Bold&lt;/b&gt; &amp;"),
        "{report}"
    );
    assert!(report.contains("line 6: something else happens") && report.contains("- state &lt;i&gt;"), "{report}");
    let pages = pages(&played);
    let names: Vec<&str> = pages.iter().map(|page| page.name.as_str()).collect();
    assert_eq!(names, ["1-t-1.html", "index.html"]);
    for page in &pages {
        assert!(!page.html.contains("<script") && !page.html.contains("<b>") && !page.html.contains('\u{1}'));
        assert!(!page.html.contains("http://") && !page.html.contains("https://"), "a page needs nothing else");
    }
    for words in ["&lt;script&gt;alert(1)", "<span class=\"minus\">- state &lt;i&gt;</span>", "@media print", "failed"]
    {
        assert!(pages[0].html.contains(words), "{words}\n{}", pages[0].html);
    }
}
