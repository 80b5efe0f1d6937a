//! What counts as the same event, and as the member that was expected.

use sheaf::model::{OutRecord, Timestamp};

use super::super::e2e::process::until;
use super::output::{id, open};

#[test]
fn p10_one_of_each_kind_is_not_two_of_any() {
    let sources = "\
sources:
  - { topic: @loans, member: parent, bundle: /loan, id: /loan }
  - { topic: @signatures, member: signature, bundle: /loan, id: /no }
  - { topic: @deposits, member: deposit, bundle: /loan, id: /no }
bundle: { members: { signature: 1, deposit: 2 }, sla: 1h, expire: 36500d }
";
    let Some(deployment) = open("case-p10", sources) else { return };
    let loan = |number: usize| deployment.record("loans", "loan", format!(r#"{{"loan":"{}"}}"#, id(number)));
    let member = |topic: &str, number: usize, no: usize| {
        deployment.record(topic, topic, format!(r#"{{"loan":"{}","no":"{}"}}"#, id(number), id(no)))
    };
    let old = |record| OutRecord { timestamp: Some(Timestamp::from_millis(1_700_000_123_000)), ..record };
    let records = [
        // Three members, of which none is a signature; they are old, so that the deadline has passed.
        old(loan(1)),
        old(member("deposits", 1, 10)),
        old(member("deposits", 1, 11)),
        // The same numbers in both topics.
        loan(2),
        member("signatures", 2, 10),
        member("deposits", 2, 10),
        member("deposits", 2, 11),
        // Two deposits are missing.
        old(loan(3)),
        old(member("signatures", 3, 12)),
        // One signature too many.
        member("signatures", 4, 13),
        member("signatures", 4, 14),
    ];
    let mut instance = deployment.run("a");
    deployment.produce(&records);
    instance.wait_until_counted(records.len());
    let submissions = deployment.wait_for_submissions(1);
    assert_eq!(
        submissions[&id(2)]["names"],
        serde_json::json!(["signature", "deposit", "deposit"]),
        "{submissions:#?}"
    );
    until("three alerts", || deployment.alerts().len() >= 3);
    let mut alerts = deployment.alerts();
    alerts.sort();
    let [one, three, four] = alerts.as_slice() else { panic!("{alerts:#?}") };
    assert!(one.1.contains(&id(1)) && one.1.ends_with("missing signature"), "{alerts:#?}");
    assert!(three.1.contains(&id(3)) && three.1.contains("missing deposit"), "{alerts:#?}");
    assert!(four.0 == "unexpected" && four.1.contains(&id(4)), "{alerts:#?}");
    assert_eq!(deployment.dead_letters(), []);
    assert_eq!(instance.terminate(), Some(0));
}

#[test]
fn p11_what_is_equal_as_json_is_a_duplicate() {
    let sources = "\
sources:
  - { topic: @claims, member: parent, bundle: /claim, id: /claim, expects: /papers, ignore: [/meta/sent] }
  - { topic: @papers, member: child, bundle: /claim, id: /paper, position: /page }
";
    let Some(deployment) = open("case-p11", sources) else { return };
    let (claim, one, two) = (id(0xa), id(0xb).replace("eaf", "EAF"), id(0xc));
    let claim_in_capitals = claim.to_uppercase();
    let first = [
        (
            "claims",
            format!(r#"{{"claim":"{claim}","papers":2,"name":"Zoë","rate":0.50,"meta":{{"sent":1,"by":"x"}}}}"#),
        ),
        ("papers", format!(r#"{{"paper":"{one}","claim":"{claim}","page":1}}"#)),
    ];
    let again = [
        (
            "claims",
            format!(r#"{{"meta":{{"by":"x","sent":1}},"rate":0.50,"name":"Zoë","papers":2,"claim":"{claim}"}}"#),
        ),
        (
            "claims",
            format!(
                "{{\n \"claim\" : \"{claim}\", \"papers\" : 2,\n \"name\":\"Zoë\", \"rate\":0.50, \"meta\":{{\"sent\":1,\"by\":\"x\"}} }}\n"
            ),
        ),
        (
            "claims",
            format!(
                r#"{{"claim":"{claim_in_capitals}","papers":2,"name":"Zoë","rate":0.50,"meta":{{"sent":1,"by":"x"}}}}"#
            ),
        ),
        (
            "claims",
            format!(r#"{{"claim":"{claim}","papers":2,"name":"Zo\u00eb","rate":0.5,"meta":{{"sent":1,"by":"x"}}}}"#),
        ),
        (
            "claims",
            format!(r#"{{"claim":"{claim}","papers":2.0,"name":"Zoë","rate":5e-1,"meta":{{"sent":1,"by":"x"}}}}"#),
        ),
        // A field that does not count.
        (
            "claims",
            format!(r#"{{"claim":"{claim}","papers":2,"name":"Zoë","rate":0.50,"meta":{{"sent":2,"by":"x"}}}}"#),
        ),
        ("papers", format!(r#"{{"page":1,"claim":"{claim}","paper":"{one}"}}"#)),
    ];
    let last = [("papers", format!(r#"{{"paper":"{two}","claim":"{claim}","page":2}}"#))];
    let after = [
        ("papers", format!(r#"{{"claim":"{claim}","page":2,"paper":"{two}"}}"#)),
        // Another content, twice: one alert.
        ("claims", format!(r#"{{"claim":"{claim}","papers":2,"name":"Zoe","rate":0.50}}"#)),
        ("claims", format!(r#"{{"rate":0.5,"claim":"{claim}","papers":2,"name":"Zoe"}}"#)),
    ];
    let mut instance = deployment.run("a");
    let mut written = 0;
    for part in [&first[..], &again[..], &last[..], &after[..]] {
        let records: Vec<_> = part.iter().map(|(topic, value)| deployment.record(topic, "again", value)).collect();
        deployment.produce(&records);
        written += records.len();
        instance.wait_until_counted(written);
    }
    assert!(deployment.wait_for_submissions(1).contains_key(&claim));
    let alerts = deployment.alerts();
    assert!(alerts.len() == 1 && alerts[0].0 == "conflict" && alerts[0].1.contains("parent"), "{alerts:#?}");
    let duplicates = instance.metric("sheaf_bundle_events_total", "duplicate");
    assert!((duplicates - 8.0).abs() < 0.5, "{duplicates}");
    assert_eq!(deployment.dead_letters(), []);
    assert_eq!(instance.terminate(), Some(0));
}
