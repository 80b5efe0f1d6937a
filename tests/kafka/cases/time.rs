//! Times that cannot be, and times as other languages write them.

use sheaf::model::{OutRecord, Timestamp};

use super::output::{id, open};

/// The limits of a believed time, in milliseconds: the years 2020 to 2099.
const THIS_CENTURY: std::ops::Range<i64> = 1_577_836_800_000..4_102_444_800_000;

/// The time of a field of a submission, in milliseconds.
fn millis(submission: &serde_json::Value, field: &str) -> i64 {
    let text = submission[field].as_str().expect("a time");
    text.parse::<jiff::Timestamp>().expect("a time").as_millisecond()
}

#[test]
fn p06_times_that_cannot_be_are_not_believed() {
    let sources = "\
sources:
  - { topic: @calls, member: parent, bundle: /id, id: /id }
  - { topic: @strict, member: child, bundle: /call, id: /id, time: { implausible: reject } }
  - { topic: @answers, member: child, bundle: /call, id: /id }
bundle: { sla: 2h }
";
    let Some(deployment) = open("case-p06", sources) else { return };
    let times = [
        ("none", -1),
        ("seconds", 1_793_000_123),
        ("micros", 1_793_000_123_000_000),
        ("nanos", 1_793_000_123_000_000_000),
    ];
    let at = |label: &str, topic: &str, value: String, ms: i64| OutRecord {
        timestamp: Some(Timestamp::from_millis(ms)),
        ..deployment.record(topic, label, value)
    };
    let call = |number: usize| format!(r#"{{"id":"{}"}}"#, id(number));
    let answer = |number: usize| format!(r#"{{"id":"{}","call":"{}"}}"#, id(100 + number), id(number));
    let (mut calls, mut answers) = (Vec::new(), Vec::new());
    for (number, (label, ms)) in times.into_iter().enumerate() {
        calls.push(at(label, "calls", call(number), ms));
        answers.push(at(label, "answers", answer(number), ms));
        calls.push(at(label, "strict", answer(50 + number), ms));
    }
    // Of these one half has a time.
    calls.push(at("half", "calls", call(10), -1));
    answers.push(deployment.record("answers", "half", answer(10)));
    calls.push(deployment.record("calls", "other half", call(11)));
    answers.push(at("other half", "answers", answer(11), 1_793_000_123));
    calls.push(deployment.record("calls", "control", call(12)));
    answers.push(deployment.record("answers", "control", answer(12)));

    let mut instance = deployment.run("a");
    deployment.produce(&calls);
    instance.wait_until_counted(calls.len());
    deployment.produce(&answers);
    instance.wait_until_counted(calls.len() + answers.len());
    for (bundle, submission) in deployment.wait_for_submissions(7) {
        assert_eq!(submission["late"], false, "{submission}");
        for field in ["first_event_at", "completed_at"] {
            assert!(THIS_CENTURY.contains(&millis(&submission, field)), "{bundle}: {submission}");
        }
    }
    assert_eq!(deployment.alerts(), []);
    let rejected = times.map(|(label, _)| (label, "bad_time", "which cannot be"));
    deployment.assert_rejected(&rejected);
    for (reason, replaced) in [("past", 6.0), ("future", 4.0)] {
        let counted = instance.metric("sheaf_bundle_implausible_times_total", reason);
        assert!((counted - replaced).abs() < 0.5, "{counted} {reason}");
    }
    assert_eq!(instance.terminate(), Some(0));
}

/// 12 September 2024, 05:06:07 UTC.
const INSTANT: i64 = 1_726_117_567_000;

#[test]
fn p17_a_time_is_read_as_the_instant_that_its_writer_meant_or_refused() {
    let sources = "\
sources:
  - { topic: @plans, member: parent, bundle: /id, id: /id }
  - { topic: @texts, member: child, bundle: /of, id: /id, time: { pointer: /at, zone: Asia/Tokyo, implausible: reject } }
  - { topic: @seconds, member: child, bundle: /of, id: /id, time: { pointer: /at, unit: s, implausible: reject } }
  - { topic: @micros, member: child, bundle: /of, id: /id, time: { pointer: /at, unit: us } }
bundle: { sla: 36500d }
";
    let Some(deployment) = open("case-p17", sources) else { return };
    let read = [
        ("texts", r#""2024-09-12T05:06:07Z""#),
        ("texts", r#""2024-09-12T14:06:07""#),
        ("texts", r#""2024-09-12 14:06:07""#),
        ("texts", r#""2024-09-12T05:06:07.000+0000""#),
        ("texts", r#""2024-09-12T10:36:07+05:30""#),
        ("texts", r#""2024-09-12 07:06:07+02""#),
        ("texts", r#""2024-09-12T14:06:07+09:00[Asia/Tokyo]""#),
        ("texts", r#""2024-09-12t05:06:07z""#),
        ("texts", r#""20240912T050607Z""#),
        ("texts", r#""2024-09-12 05:06:07 +0000 UTC""#),
        ("texts", r#""2024-09-12 05:06:07 UTC""#),
        ("texts", r#""Thu, 12 Sep 2024 05:06:07 GMT""#),
        ("seconds", "1726117567"),
        ("seconds", "1726117567.0"),
        ("seconds", r#""1726117567""#),
        ("seconds", "1.726117567E9"),
        ("micros", "1726117567000000"),
        ("micros", r#""1726117567000000""#),
    ];
    let refused = [
        ("a number", "texts", "1726117567", "needs its unit"),
        ("digits", "texts", r#""1726117567000""#, "needs its unit"),
        ("an array", "texts", "[2024,9,12,5,6,7]", "a time is an ISO 8601 text"),
        ("an object", "texts", r#"{"$date":"2024-09-12T05:06:07Z"}"#, "a time is an ISO 8601 text"),
        ("US", "texts", r#""9/12/2024 5:06:07 AM""#, "no ISO 8601 time"),
        ("year 1", "texts", r#""0001-01-01T00:00:00Z""#, "which cannot be"),
        ("1970", "texts", r#""1970-01-01T00:00:00Z""#, "which cannot be"),
        ("never", "texts", r#""9999-12-31T23:59:59Z""#, "which cannot be"),
        ("milliseconds", "seconds", "1726117567000", "which cannot be"),
    ];
    let plan = |number: usize| deployment.record("plans", "plan", format!(r#"{{"id":"{}"}}"#, id(number)));
    let step = |label: &str, topic: &str, number: usize, at: &str| {
        let value = format!(r#"{{"id":"{}","of":"{}","at":{at}}}"#, id(100 + number), id(number));
        deployment.record(topic, label, value)
    };
    let mut records = Vec::new();
    for (number, (topic, at)) in read.iter().enumerate() {
        records.extend([plan(number), step("read", topic, number, at)]);
    }
    for (number, (label, topic, at, _)) in refused.iter().enumerate() {
        records.push(step(label, topic, 50 + number, at));
    }
    // Seconds are read as microseconds: doubted, and replaced by the time of the record.
    records.extend([plan(90), step("doubted", "micros", 90, "1726117567")]);

    let mut instance = deployment.run("a");
    deployment.produce(&records);
    instance.wait_until_counted(records.len());
    let submissions = deployment.wait_for_submissions(read.len() + 1);
    for (number, (_, at)) in read.iter().enumerate() {
        let submission = &submissions[&id(number)];
        assert_eq!(millis(submission, "first_event_at"), INSTANT, "{at}: {submission}");
    }
    assert!(THIS_CENTURY.contains(&millis(&submissions[&id(90)], "first_event_at")), "{:#?}", submissions[&id(90)]);
    deployment.assert_rejected(&refused.map(|(label, _, _, words)| (label, "bad_time", words)));
    assert_eq!(deployment.alerts(), []);
    assert_eq!(instance.terminate(), Some(0));
}
