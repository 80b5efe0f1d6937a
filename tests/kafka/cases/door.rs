//! Values that are JSON, and that not every reader of JSON can read.

use super::output::{id, open};

const SOURCES: &str = "\
sources:
  - { topic: @carts, member: parent, bundle: /cart, id: /cart }
  - { topic: @parcels, member: child, bundle: /cart, id: /parcel }
";

#[test]
fn p03_what_delivery_cannot_read_is_rejected_before_its_bundle_is_complete() {
    let Some(deployment) = open("case-p03", SOURCES) else { return };
    let nested = |levels: usize| format!("{}1{}", r#"{"in":"#.repeat(levels), "}".repeat(levels));
    // In place of the first field's value: a label, the text in the parent, and the text in the child.
    let nested = [nested(80), nested(120)];
    let bundles = [
        ("plain", "1", "1"),
        ("80 levels", nested[0].as_str(), "1"),
        ("low surrogate", r#""half \udc4f""#, "1"),
        ("surrogate in a name", r#"{"\ud812":1}"#, "1"),
        ("exponent", "-7E+999", "1"),
        ("120 levels", nested[1].as_str(), "1"),
        ("surrogate in the child", "1", r#"["\ud9aa\ud9aa"]"#),
        ("120 levels in the child", "1", nested[1].as_str()),
    ];
    let mut records = Vec::new();
    for (number, (label, parent, child)) in bundles.iter().enumerate() {
        let (cart, parcel) = (id(number), id(100 + number));
        let in_child = label.ends_with("in the child");
        let value = format!(r#"{{"cart":"{cart}","x":{parent}}}"#);
        records.push(deployment.record("carts", if in_child { "whole" } else { label }, value));
        let value = format!(r#"{{"parcel":"{parcel}","cart":"{cart}","x":{child}}}"#);
        records.push(deployment.record("parcels", if in_child { label } else { "whole" }, value));
    }
    let mut instance = deployment.run("a");
    deployment.produce(&records);
    instance.wait_until_counted(records.len());
    let submissions = deployment.wait_for_submissions(2);
    assert!(submissions.contains_key(&id(0)) && submissions.contains_key(&id(1)), "{submissions:#?}");
    deployment.assert_rejected(&[
        ("low surrogate", "unparsable", "half of a surrogate pair"),
        ("surrogate in a name", "unparsable", "half of a surrogate pair"),
        ("exponent", "unparsable", "a number beyond the range"),
        ("120 levels", "unparsable", "nested deeper"),
        ("surrogate in the child", "unparsable", "half of a surrogate pair"),
        ("120 levels in the child", "unparsable", "nested deeper"),
    ]);
    assert_eq!(deployment.alerts(), []);
    assert_eq!(instance.terminate(), Some(0));
}
