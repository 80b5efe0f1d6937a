//! Integers in other spellings, and ids that mean none.

use super::output::{id, open};

#[test]
fn p13_an_integer_is_read_in_each_spelling_and_other_types_are_named() {
    let sources = "\
sources:
  - { topic: @orders, member: parent, bundle: /no, id: /no, expects: /lines }
  - { topic: @lines, member: child, bundle: /no, id: /line, position: /line }
bundle: { key: text, children: 1, sla: 24h }
";
    let Some(deployment) = open("case-p13", sources) else { return };
    // The id, the number of lines and the position of the only or second line, each as it is spelled; and the id that it is.
    let read = [
        ("41", "1", "1", "41"),
        ("42", r#""1""#, r#""1""#, "42"),
        ("43", "1.0", "1.00", "43"),
        ("44", "1e0", "10E-1", "44"),
        ("45.0", "null", "1", "45"),
        ("46e0", r#""1.0""#, "1", "46"),
        ("18446744073709551615", "1", "1", "18446744073709551615"),
        ("340282366920938463463374607431768211456", "1", "1", "340282366920938463463374607431768211456"),
        (r#""07""#, "1", "1", "07"),
    ];
    let refused = [
        ("true", "61", "true", "wrong_type", "a boolean; an integer is expected"),
        ("an empty text", "62", r#""""#, "wrong_type", "the string ``; an integer is expected"),
        ("a word", "63", r#""two""#, "wrong_type", "the string `two`; an integer is expected"),
        ("a fraction", "64", "1.5", "wrong_type", "the number 1.5; an integer is expected"),
        ("an array", "65", "[1]", "wrong_type", "an integer is expected"),
        ("negative", "66", "-2", "bad_value", "-2; a number of children is from 0 to"),
        ("too many", "67", "4000000", "bad_value", "4000000; a number of children is from 0 to"),
        ("beyond 64 bits", "68", "1e30", "bad_value", "beyond 64 bits"),
        ("an id with a fraction", "6.9", "1", "wrong_type", "is a string or an integer"),
    ];
    let order = |label: &str, no: &str, lines: &str| {
        deployment.record("orders", label, format!(r#"{{"no":{no},"lines":{lines}}}"#))
    };
    let mut records = Vec::new();
    for (no, lines, position, _) in read {
        records.push(order("read", no, lines));
        records.push(deployment.record("lines", "read", format!(r#"{{"no":{no},"line":{position}}}"#)));
    }
    records.extend(refused.map(|(label, no, lines, ..)| order(label, no, lines)));
    // Complete at once.
    records.push(order("none", "47", "0.0"));
    let mut instance = deployment.run("a");
    deployment.produce(&records);
    instance.wait_until_counted(records.len());
    let submissions = deployment.wait_for_submissions(read.len() + 1);
    for (no, .., key) in read {
        assert!(submissions.contains_key(key), "{no} is {key}: {:?}", submissions.keys());
    }
    deployment.assert_rejected(&refused.map(|(label, _, _, reason, words)| (label, reason, words)));
    assert_eq!(deployment.alerts(), []);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn p18_ids_that_mean_none_are_told_and_not_correlated() {
    let sources = "\
sources:
  - { topic: @trips, member: parent, bundle: /trip, id: /trip }
  - { topic: @legs, member: child, bundle: /trip, id: /leg }
";
    let Some(deployment) = open("case-p18", sources) else { return };
    let nil = "00000000-0000-0000-0000-000000000000";
    let max = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF";
    let trip = |label: &str, trip: &str| deployment.record("trips", label, format!(r#"{{"trip":"{trip}"}}"#));
    let leg = |label: &str, trip: &str, leg: &str| {
        deployment.record("legs", label, format!(r#"{{"trip":"{trip}","leg":"{leg}"}}"#))
    };
    let strangers: Vec<String> = (0..30).map(|number| format!("stranger {number}")).collect();
    let mut records: Vec<_> =
        strangers.iter().enumerate().map(|(number, label)| leg(label, nil, &id(100 + number))).collect();
    records.extend([
        trip("nil", nil),
        trip("max", max),
        leg("max leg", max, &id(200)),
        trip("nil without hyphens", &nil.replace('-', "")),
        trip("a nil leg's trip", &id(1)),
        leg("nil leg", &id(1), nil),
        trip("blanks", &format!(" {}", id(2))),
        trip("control", &id(3)),
        leg("control's leg", &id(3), &id(203)),
    ]);
    let mut instance = deployment.run("a");
    deployment.produce(&records);
    instance.wait_until_counted(records.len());
    let submissions = deployment.wait_for_submissions(1);
    assert!(submissions.contains_key(&id(3)), "{submissions:#?}");
    let words = "the nil or max uuid";
    let mut expected: Vec<_> = strangers.iter().map(|label| (label.as_str(), "bad_id", words)).collect();
    expected.extend(["nil", "max", "max leg", "nil without hyphens", "nil leg"].map(|label| (label, "bad_id", words)));
    expected.push(("blanks", "bad_id", "with blanks around it"));
    deployment.assert_rejected(&expected);
    assert_eq!(deployment.alerts(), []);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn p18_words_that_mean_none_are_no_text_ids() {
    let sources = "\
sources:
  - { topic: @trips, member: parent, bundle: /trip, id: /trip }
  - { topic: @legs, member: child, bundle: /trip, id: /leg }
bundle: { key: text }
";
    let Some(deployment) = open("case-p18-text", sources) else { return };
    let words = [r#""null""#, r#""NULL""#, r#""None""#, r#""undefined""#, r#""n/a""#, r#""-""#, "0", r#""0""#, "-1"];
    let blanks = [r#""""#, r#""  ""#, r#"" 7""#, r#""8\t""#];
    let leg = |trip: &str| format!(r#"{{"trip":{trip},"leg":"of {}"}}"#, trip.replace(['"', '\\'], ""));
    let mut records: Vec<_> =
        words.iter().chain(&blanks).map(|trip| deployment.record("legs", trip, leg(trip))).collect();
    records.push(deployment.record("trips", "control", r#"{"trip":"nullify"}"#));
    // A child may be counted from 0.
    records.push(deployment.record("legs", "control's leg", r#"{"trip":"nullify","leg":0}"#));
    let mut instance = deployment.run("a");
    deployment.produce(&records);
    instance.wait_until_counted(records.len());
    assert!(deployment.wait_for_submissions(1).contains_key("nullify"));
    let words = words.map(|trip| (trip, "bad_id", "a word for no id"));
    let blanks = blanks.map(|trip| (trip, "bad_id", if trip.len() == 2 { "0 bytes long" } else { "with blanks" }));
    deployment.assert_rejected(&[&words[..], &blanks[..]].concat());
    assert_eq!(instance.terminate(), Some(0));
}
