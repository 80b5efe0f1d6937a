//! Pointers against RFC 6901, extraction against `serde_json::Value::pointer`.

use proptest::prelude::*;
use serde_json::Value;

use super::{DEPTH_MAX, Extractor, Pointer, PointerError, Scalar};

fn pointer(text: &str) -> Pointer {
    Pointer::parse(text).unwrap()
}

fn scalar<'a>(text: &'a str, at: &str) -> Scalar<'a> {
    Extractor::new([&pointer(at)]).extract(text.as_bytes()).unwrap().scalar(0)
}

fn refused(text: &[u8]) -> String {
    Extractor::new([&pointer("/id")]).extract(text).unwrap_err().to_string()
}

#[test]
fn the_examples_of_rfc_6901_are_found() {
    let text = r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#;
    let numbers = [("/", 0), ("/a~1b", 1), ("/c%d", 2), ("/e^f", 3), ("/g|h", 4), ("/i\\j", 5), ("/k\"l", 6)];
    for (at, number) in numbers.into_iter().chain([("/ ", 7), ("/m~0n", 8)]) {
        assert_eq!(scalar(text, at), Scalar::Integer(number), "{at}");
    }
    assert_eq!(scalar(text, "/foo/0"), Scalar::Text("bar".into()));
    assert_eq!(Extractor::new([&pointer("")]).extract(text.as_bytes()).unwrap().raw(0), Some(text));
}

#[test]
fn the_error_of_an_invalid_pointer_names_the_reason() {
    assert_eq!(Pointer::parse("id"), Err(PointerError::NoSlash("id".into())));
    assert_eq!(Pointer::parse("/a~2"), Err(PointerError::BadEscape("/a~2".into())));
    assert_eq!(Pointer::parse("/a~"), Err(PointerError::BadEscape("/a~".into())));
    assert!(Pointer::parse(&"/a".repeat(DEPTH_MAX)).is_ok());
    let error = Pointer::parse(&"/a".repeat(DEPTH_MAX + 1)).unwrap_err().to_string();
    assert!(error.contains("has 65 levels; at most 64"), "{error}");
}

#[test]
fn each_kind_of_value_is_told_apart() {
    let cases = [
        ("\"x\"", Scalar::Text("x".into())),
        (r#""a\u0062\n""#, Scalar::Text("ab\n".into())),
        ("-7", Scalar::Integer(-7)),
        ("null", Scalar::Null),
        ("true", Scalar::Other("a boolean")),
        ("[1]", Scalar::Other("an array")),
        ("{}", Scalar::Other("an object")),
        ("1.0", Scalar::Other("a number that is not a 64-bit integer")),
        ("9223372036854775808", Scalar::Other("a number that is not a 64-bit integer")),
        (r#""\ud800""#, Scalar::Other("a string that is not Unicode")),
    ];
    for (value, expected) in cases {
        assert_eq!(scalar(&format!("{{\"id\": {value} }}"), "/id"), expected, "{value}");
    }
    assert_eq!(scalar("{}", "/id"), Scalar::Absent);
    assert_eq!(scalar("[1]", "/01"), Scalar::Absent);
    assert_eq!(scalar("\"text\"", "/id"), Scalar::Absent);
}

#[test]
fn the_last_of_two_fields_with_one_name_counts() {
    assert_eq!(scalar(r#"{"a":{"b":1},"a":{"b":2}}"#, "/a/b"), Scalar::Integer(2));
    assert_eq!(scalar(r#"{"a":{"b":1},"a":{}}"#, "/a/b"), Scalar::Absent);
    assert_eq!(scalar(r#"{"a":{"b":1},"a":7}"#, "/a/b"), Scalar::Absent);
}

#[test]
fn a_pointer_may_be_a_prefix_of_another() {
    let pointers = [pointer("/a"), pointer("/a/b"), pointer("/a"), pointer("/a/b/c")];
    let found = Extractor::new(&pointers).extract(br#"{"a":{"b": {"c" : 1}}}"#).unwrap();
    assert_eq!(found.raw(0), Some(r#"{"b": {"c" : 1}}"#));
    assert_eq!(found.raw(1), Some(r#"{"c" : 1}"#));
    assert_eq!(found.raw(2), found.raw(0));
    assert_eq!(found.scalar(3), Scalar::Integer(1));
}

#[test]
fn bytes_that_are_not_one_json_value_are_refused() {
    assert!(refused(b"").contains("not JSON"));
    assert!(refused(b"{\"id\":1} x").contains("trailing characters"));
    assert!(refused(b"{\"id\":1").contains("not JSON"));
    assert!(refused(b"{\"other\":\"\xff\"}").contains("not UTF-8"));
    assert!(refused(b"{\"other\":[1,}}").contains("not JSON"));
}

#[test]
fn deep_nesting_takes_no_stack() {
    let depth = 1_000_000;
    let deep = format!("{{\"deep\":{}{},\"id\":7}}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(scalar(&deep, "/id"), Scalar::Integer(7));
    assert_eq!(scalar(&deep, "/deep"), Scalar::Other("an array"));
    assert_eq!(scalar(&deep, "/deep/0/0/0"), Scalar::Other("an array"));
    assert!(refused(&b"[".repeat(depth)).contains("not JSON"));
}

fn any_value() -> impl Strategy<Value = Value> {
    let name = prop_oneof!["[ab~/]{0,2}", Just("0".to_owned()), Just("1".to_owned())];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn any_pointer() -> impl Strategy<Value = Pointer> {
    "(/([ab]|~0|~1|0|1|00|-){0,2}){0,4}".prop_map(|text| pointer(&text))
}

proptest! {
    #[test]
    fn extraction_agrees_with_values(value in any_value(), pointers in prop::collection::vec(any_pointer(), 0..6)) {
        for text in [serde_json::to_vec(&value).unwrap(), serde_json::to_vec_pretty(&value).unwrap()] {
            let found = Extractor::new(&pointers).extract(&text).unwrap();
            for (index, pointer) in pointers.iter().enumerate() {
                let read = found.raw(index).map(|raw| serde_json::from_str::<Value>(raw).unwrap());
                prop_assert_eq!(read.as_ref(), value.pointer(pointer.as_str()));
                if let Some(text) = read.as_ref().and_then(Value::as_str) {
                    prop_assert_eq!(found.scalar(index), Scalar::Text(text.into()));
                }
            }
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), json in "[\\[\\]{}\",:ab0-9\\\\ue.-]{0,40}") {
        let extractor = Extractor::new(&[pointer("/a"), pointer("/a/b"), pointer("/0")]);
        for text in [bytes.as_slice(), json.as_bytes()] {
            if let Ok(found) = extractor.extract(text) {
                prop_assert!((0..4).all(|index| !found.scalar(index).kind().is_empty()));
            }
        }
    }
}
