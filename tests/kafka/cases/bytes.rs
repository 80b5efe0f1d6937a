//! Bytes in the wild: framing, encodings, and what is nearly JSON.

use super::super::e2e::deployment::Deployment;
use super::super::e2e::process::Process;
use super::output::{id, open};

const SOURCES: &str = "\
sources:
  - { topic: @reports, member: parent, bundle: /id, id: /id }
  - { topic: @pages, member: child, bundle: /report, id: /id }
";

/// A report as JSON.
fn report(number: usize) -> String {
    format!(r#"{{"id":"{}","title":"Käse"}}"#, id(number))
}

/// Writes a report in each form, with a page for each; returns the instance once all are counted.
fn read(deployment: &Deployment, reports: &[(&str, Vec<u8>)]) -> Process {
    let mut records = Vec::new();
    for (number, (label, bytes)) in reports.iter().enumerate() {
        records.push(deployment.record("reports", label, bytes));
        let page = format!(r#"{{"id":"{}","report":"{}"}}"#, id(200 + number), id(number));
        records.push(deployment.record("pages", "page", page));
    }
    let instance = deployment.run("a");
    deployment.produce(&records);
    instance.wait_until_counted(records.len());
    instance
}

fn utf_16(text: &str, mark: &[u8], to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    [mark.to_vec(), text.encode_utf16().flat_map(to_bytes).collect()].concat()
}

#[test]
fn p14_bytes_that_are_no_json_are_named_for_what_they_are() {
    let Some(deployment) = open("case-p14", SOURCES) else { return };
    let json = |number| report(number).into_bytes();
    let behind = |head: &[u8], number| [head, &json(number)].concat();
    let read_as_json = [
        ("plain", json(0)),
        ("byte order mark", behind(b"\xEF\xBB\xBF", 1)),
        ("blanks around", [b"\r\n\t", json(2).as_slice(), b" \r\n"].concat()),
        ("braces", report(3).replace(&id(3), &format!("{{{}}}", id(3).to_uppercase())).into_bytes()),
        ("urn", report(4).replace(&id(4), &format!("urn:uuid:{}", id(4))).into_bytes()),
        ("no hyphens", report(5).replace(&id(5), &id(5).replace('-', "")).into_bytes()),
        ("an escaped name", report(6).replace("\"id\"", "\"\\u0069\\u0064\"").into_bytes()),
    ];
    let without = |number, with: &str| report(number).replace("\"title\":\"Käse\"", with).into_bytes();
    let latin: Vec<u8> = report(13).chars().map(|character| u8::try_from(character).expect("Latin-1")).collect();
    let rejected = [
        ("registry", behind(b"\0\0\0\0\x2A", 7), "unparsable", "set `format: confluent`"),
        (
            "registry, binary",
            b"\0\0\0\0\x2A\x02\x06abc".to_vec(),
            "unparsable",
            "framing of a schema registry (schema id 42)",
        ),
        ("Avro file", b"Obj\x01\x04".to_vec(), "unparsable", "an Avro object container"),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(), "unparsable", "gzip"),
        ("zlib", b"\x78\x9c\x03\0\0\0\0\x01".to_vec(), "unparsable", "zlib"),
        ("UTF-16 LE", utf_16(&report(12), b"\xFF\xFE", u16::to_le_bytes), "unparsable", "UTF-16 (little endian)"),
        ("UTF-16 BE", utf_16(&report(12), b"", u16::to_be_bytes), "unparsable", "UTF-16 (big endian)"),
        ("Latin-1", latin, "unparsable", "Latin-1"),
        ("a string", serde_json::to_vec(&report(14)).expect("JSON"), "wrong_type", "a string that holds JSON"),
        ("an array", format!("[{}]", report(15)).into_bytes(), "wrong_type", "an array"),
        ("null", b"null".to_vec(), "wrong_type", "null"),
        ("NDJSON", format!("{}\n{}", report(16), report(17)).into_bytes(), "unparsable", "several JSON values"),
        ("a comma", without(18, ""), "unparsable", "comma"),
        ("NaN", without(19, "\"rate\":NaN"), "unparsable", "NaN or Infinity"),
        ("Infinity", without(20, "\"rate\":-Infinity"), "unparsable", "NaN or Infinity"),
        ("Python", report(21).replace('"', "'").into_bytes(), "unparsable", "as Python prints it"),
        ("a comment", without(22, "// why\n\"rate\":1"), "unparsable", "with comments"),
        ("Java", b"Report(id=7, title=x)".to_vec(), "unparsable", "an object as it is printed"),
        ("empty", Vec::new(), "unparsable", "empty"),
        ("blanks", b"  \n".to_vec(), "unparsable", "empty"),
        ("a zero byte", [json(23).as_slice(), b"\0"].concat(), "unparsable", "a zero byte behind it"),
        ("cut off", json(24)[..30].to_vec(), "unparsable", "cut off"),
        ("XML", b"<report id=\"7\"/>".to_vec(), "unparsable", "XML"),
        ("another case", report(25).replace("\"id\"", "\"Id\"").into_bytes(), "missing_field", "`/id` of a parent"),
    ];
    let all: Vec<_> =
        read_as_json.iter().cloned().chain(rejected.iter().map(|(label, bytes, ..)| (*label, bytes.clone()))).collect();
    let mut instance = read(&deployment, &all);
    let submissions = deployment.wait_for_submissions(read_as_json.len());
    for (number, (label, _)) in read_as_json.iter().enumerate() {
        assert!(submissions.contains_key(&id(number)), "{label}");
    }
    let expected: Vec<_> = rejected.iter().map(|(label, _, reason, words)| (*label, *reason, *words)).collect();
    deployment.assert_rejected(&expected);
    for letter in deployment.dead_letters() {
        let label = String::from_utf8(letter.key.expect("a key").to_vec()).expect("text");
        let (_, bytes, ..) = rejected.iter().find(|(known, ..)| *known == label).expect("a label");
        assert_eq!(letter.value.unwrap_or_default(), bytes.as_slice(), "the bytes of {label}");
    }
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn p14_the_framing_of_a_schema_registry_is_skipped_if_the_topology_says_so() {
    let sources = SOURCES.replace("member: parent,", "member: parent, format: confluent,");
    let Some(deployment) = open("case-p14-framed", &sources) else { return };
    let framed = |schema: u32, number| [&[0][..], &schema.to_be_bytes(), report(number).as_bytes()].concat();
    let reports = [
        ("framed", framed(42, 0)),
        ("an id that is no UTF-8", framed(0x00C3_28FF, 1)),
        ("not framed", report(2).into_bytes()),
        ("Avro", b"\0\0\0\0\x2A\x02\x06abc".to_vec()),
    ];
    let mut instance = read(&deployment, &reports);
    let submissions = deployment.wait_for_submissions(3);
    assert_eq!(submissions[&id(1)]["parent"]["title"], "Käse", "{submissions:#?}");
    deployment.assert_rejected(&[("Avro", "unparsable", "such as Avro or Protobuf")]);
    assert_eq!(instance.terminate(), Some(0));
}
