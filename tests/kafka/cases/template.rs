//! Templates as people write them, and what becomes of numbers and of bytes in them.

use super::super::super::validate::sheaf_with;
use super::output::open;

const TOPOLOGY: &str = "\
name: t
sources:
  - { topic: parents, member: parent, bundle: /id, id: /id, expects: /children }
  - { topic: children, member: child, bundle: /parent, id: /id }
deliver: { control_m: { template: TEMPLATE, server: prod } }
";

/// A template with this text as the description of its job, in line 3.
fn template(text: &str) -> Vec<u8> {
    format!(
        "{{\"{{{{ folder }}}}\": {{ \"Type\": \"Folder\", \"ControlmServer\": \"{{{{ server_name }}}}\",\n\
         \"job\": {{ \"Type\": \"Job:Dummy\",\n\"Description\": \"{text}\" }} }} }}"
    )
    .into_bytes()
}

/// The exit code and the output of `sheaf validate`.
fn validate(topology: &[u8], template: &[u8]) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().expect("a directory");
    sheaf_with(directory.path(), "validate", (topology, template), &["control_m.api_key=${env:PATH}"])
}

#[test]
fn p12_numbers_reach_the_definition_with_the_digits_that_were_sent() {
    let numbers = [
        "7.50",
        "0.100",
        "200.000",
        "3E7",
        "98765432109876543210987654321098765432",
        "18446744073709551617",
        "-9223372036854775810",
        "0.10000000000000003",
    ];
    let sources = "\
sources:
  - { topic: @invoices, member: parent, bundle: /id, id: /id }
  - { topic: @amounts, member: child, bundle: /id, id: /no }
bundle: { key: text }
";
    let Some(mut deployment) = open("case-p12", sources) else { return };
    let directory = tempfile::tempdir().expect("a directory");
    deployment.template = directory.path().join("bundle.json");
    // The simulator shows the names of jobs and their applications.
    let text = r#"{ "{{ folder }}": { "Type": "Folder", "ControlmServer": "{{ server_name }}",
      "of {{ parent.number }}": { "Type": "Job:Dummy", "Application": {{ parent | tojson | tojson }} },
      "child {{ children[0].no }}": { "Type": "Job:Dummy", "Application": "{{ children[0].list[1] }}" } } }"#;
    std::fs::write(&deployment.template, text).expect("written");
    // Short ids, because the name of an application has 64 characters at most; letters, because a 0 is a word for no id.
    let ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let parent = |number: usize| format!(r#"{{"z":1,"id":"{}","number":{}}}"#, ids[number], numbers[number]);
    let mut records = Vec::new();
    for (number, spelled) in numbers.iter().enumerate() {
        records.push(deployment.record("invoices", "invoice", parent(number)));
        let id = ids[number];
        let child = format!(r#"{{"no":"{id}","id":"{id}","list":[0,{spelled}]}}"#);
        records.push(deployment.record("amounts", "amount", child));
    }
    let mut instance = deployment.run("a");
    deployment.produce(&records);
    deployment.wait_for_submissions(numbers.len());
    let jobs = deployment.simulator.dump().jobs;
    let jobs: Vec<(String, String)> = jobs
        .iter()
        .map(|row| serde_json::to_value(row).expect("JSON"))
        .map(|row| {
            (
                row["name"].as_str().expect("a name").to_owned(),
                row["application"].as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect();
    for (number, spelled) in numbers.iter().enumerate() {
        let child = (format!("child {}", ids[number]), (*spelled).to_owned());
        for expected in [(format!("of {spelled}"), parent(number)), child] {
            assert!(jobs.contains(&expected), "{expected:?} is not in {jobs:#?}");
        }
    }
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn p19_a_template_of_python_works_or_is_refused_before_the_first_bundle() {
    for valid in [
        "{{ parent.owner.upper() }} {{ parent.owner.strip().lower() }}",
        "{{ parent.get('owner', 'nobody') }}",
        "{{ bundle_id.split('-')[0] }} {{ bundle_id.startswith('5') }}",
        "{{ '%03d' | format(children | length) }}",
        "{% for key, value in parent.items() %}{{ key }} {% endfor %}",
        "{% set sum = namespace(n=0) %}{% for child in children %}{% set sum.n = sum.n + 1 %}{% endfor %}{{ sum.n }}",
        "{{ parent.owner | default('nobody') }} {{ completed_at[:10] | replace('-', '') }}",
    ] {
        let (code, printed) = validate(TOPOLOGY.as_bytes(), &template(valid));
        assert_eq!(code, Some(0), "{valid}: {printed}");
    }
    for (refused, words) in [
        ("{{ completed_at.strftime('%Y') }}", "strftime"),
        ("{{ parent.owner | to_yaml }}", "`to_yaml` is no filter"),
        ("{{ 1 if parent.owner is search('^b') else 2 }}", "`search` is no test"),
        ("{{ bundle_ident }}", "`bundle_ident` is no variable: did you mean `bundle_id`?"),
        ("{% if late %}{{ complete_at }}{% endif %}", "did you mean `completed_at`?"),
        ("{% if children | length > 2 %}{{ childs[2].id }}{% endif %}", "did you mean `children`?"),
        ("{{ utcnow() }}", "utcnow"),
        ("{% include 'head.json' %}", "include"),
        ("{% from 'macros.json' import x %}{{ x() }}", "import"),
        ("{% do children.append(2) %}", "`append` is no method"),
        ("{{ parent.owner | safe }}", "safe"),
        ("{{ children[50].id }}", "children[50]"),
    ] {
        let (code, printed) = validate(TOPOLOGY.as_bytes(), &template(refused));
        assert_eq!(code, Some(78), "{refused}: {printed}");
        assert!(printed.contains(words) && printed.contains("line 3"), "{refused}: `{words}` is not in\n{printed}");
    }
    let whole = |text: &str| String::from_utf8(template("x")).expect("text").replace("\"x\"", text).into_bytes();
    for (refused, words) in [
        (
            String::from_utf8(template("x"))
                .expect("text")
                .replace("{{ folder }}", "f-{{ parentid | upper }}")
                .into_bytes(),
            "{{ folder }}",
        ),
        (
            whole("\"x\", \"Variables\": [ {% for child in children %}{ \"C\": \"{{ child.id }}\" },{% endfor %} ]"),
            "comma",
        ),
        (whole("\"{{ parent | tojson }}\""), "tojson"),
    ] {
        let (code, printed) = validate(TOPOLOGY.as_bytes(), &refused);
        assert!(code == Some(78) && printed.contains(words), "`{words}` is not in\n{printed}");
    }
}

#[test]
fn p20_marks_braces_and_encodings_of_files_are_passed_over_or_named() {
    let in_utf_16 = |text: &[u8]| {
        let text = std::str::from_utf8(text).expect("text");
        [vec![0xFF, 0xFE], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat()
    };
    let with_mark = |text: &[u8]| [b"\xEF\xBB\xBF", text].concat();
    let with_crlf = |text: &[u8]| String::from_utf8(text.to_vec()).expect("text").replace('\n', "\r\n").into_bytes();
    let (topology, good) = (TOPOLOGY.as_bytes(), template("{{ bundle_id }}"));
    for (topology, template) in [
        (topology.to_vec(), with_mark(&good)),
        (topology.to_vec(), with_crlf(&good)),
        (with_mark(topology), good.clone()),
        (with_crlf(topology), good.clone()),
        (topology.to_vec(), template("{% raw %}n=${#names[@]} {%%TIME}{% endraw %}")),
    ] {
        let (code, printed) = validate(&topology, &template);
        assert_eq!(code, Some(0), "{printed}");
    }
    let latin = [template("caf").as_slice(), b"\xE9"].concat();
    for (refused, words) in [
        (template("n=${#names[@]}; last=${names[n]#*/}"), "{% raw %}"),
        (template("echo ${#names[@]}; exit; echo ${b#}"), "inside a JSON string begins a comment"),
        (template("{%%ODATE} x"), "{% raw %}"),
        (latin, "bundle.json: line 3: the byte 0xE9 is not UTF-8"),
        (in_utf_16(&good), "bundle.json: the file is UTF-16"),
    ] {
        let (code, printed) = validate(topology, &refused);
        assert!(code == Some(78) && printed.contains(words), "`{words}` is not in\n{printed}");
    }
    let (code, printed) = validate(&in_utf_16(topology), &good);
    assert!(code == Some(78) && printed.contains("t.yaml") && printed.contains("UTF-16"), "{printed}");
    let (code, printed) = validate(TOPOLOGY.replace("  - {", "\t- {").as_bytes(), &good);
    assert!(code == Some(78) && printed.contains("t.yaml:3"), "{printed}");
}

/// A job that adds the events of all children in one list.
const ONE_LIST: &[u8] =
    br#"{ "{{ folder }}": { "Type": "Folder", "last": { "Type": "Job:Dummy", "all": { "Type": "AddEvents", "Events": [
  {% for child in children %}{ "Event": "child-{{ loop.index }}" }{{ "," if not loop.last }}{% endfor %} ] } } } }"#;

#[test]
fn p30_more_children_than_control_m_takes_are_told_and_addresses_are_read() {
    let shipped = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/bundle.json"));
    let shipped = shipped.expect("the template");
    let many = TOPOLOGY.replace(", expects: /children", "").replace("deliver:", "bundle: { children: 130 }\ndeliver:");
    for topology in [TOPOLOGY, &many] {
        let (code, printed) = validate(topology.as_bytes(), &shipped);
        assert!(code == Some(0) && !printed.contains("at most 99"), "the shipped template gathers them: {printed}");
    }
    let (code, printed) = validate(TOPOLOGY.as_bytes(), ONE_LIST);
    assert!(code == Some(0) && printed.contains("at most 99"), "a warning: {printed}");
    let (code, printed) = validate(many.as_bytes(), ONE_LIST);
    assert!(code == Some(78) && printed.contains("at most 99"), "{printed}");

    let directory = tempfile::tempdir().expect("a directory");
    let good = template("x");
    for (set, expected, words) in [
        ("http.bind=localhost:8080", Some(0), "ok: application"),
        ("http.bind=[::1]:8080", Some(0), "ok: application"),
        ("http.bind=:8080", Some(78), "http.bind"),
        ("instance_id=Node-7", Some(0), "ok: application"),
        ("instance_id=nöde", Some(78), "instance_id"),
    ] {
        let set = [set, "control_m.api_key=${env:PATH}"];
        let files = (TOPOLOGY.as_bytes(), good.as_slice());
        let (code, printed) = sheaf_with(directory.path(), "validate", files, &set);
        assert!(code == expected && printed.contains(words), "{set:?}: {printed}");
        assert!(printed.matches("http.bind").count() <= 2, "it is named once: {printed}");
    }
}
