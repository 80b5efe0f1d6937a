//! Pointers against RFC 6901, extraction against `serde_json::Value::pointer`.

use proptest::prelude::*;
use serde_json::Value;

use super::{DEPTH_MAX, Extractor, NESTING_MAX, Pointer, PointerError, Scalar, diagnose, integer, not_an_object};

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
    let numbers = ["/", "/a~1b", "/c%d", "/e^f", "/g|h", "/i\\j", "/k\"l", "/ ", "/m~0n"];
    for (at, number) in numbers.into_iter().zip(["0", "1", "2", "3", "4", "5", "6", "7", "8"]) {
        assert_eq!(scalar(text, at), Scalar::Number(number), "{at}");
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
        ("-7", Scalar::Number("-7")),
        ("null", Scalar::Null),
        ("true", Scalar::Boolean(true)),
        ("[1]", Scalar::Other("an array")),
        ("{}", Scalar::Other("an object")),
        ("1.0", Scalar::Number("1.0")),
        ("9223372036854775808", Scalar::Number("9223372036854775808")),
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
    assert_eq!(scalar(r#"{"a":{"b":1},"a":{"b":2}}"#, "/a/b"), Scalar::Number("2"));
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
    assert_eq!(found.scalar(3), Scalar::Number("1"));
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
fn what_a_later_reader_cannot_read_is_refused_wherever_it_stands() {
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let too_deep = deep(NESTING_MAX);
    let beyond = "9".repeat(310);
    let bad = [
        r#""a\ud83d""#,
        r#""\udc00b""#,
        r#""\ud83d\ud83d""#,
        "1e400",
        "-1E+309",
        &beyond,
        &too_deep,
        r#"{"\ud800":1}"#,
    ];
    for value in bad {
        let texts = [
            format!(r#"{{"id":1,"other":{value}}}"#),
            format!(r#"{{"other":[{{"x":{value}}}]}}"#),
            format!(r#"{{"id":{value}}}"#),
            format!(r#"{{"id":{value},"id":1}}"#),
            format!(r#"{{"id":[{value}]}}"#),
        ];
        for text in texts {
            let error = Extractor::new([&pointer("/id"), &pointer("/id/0")]).extract(text.as_bytes());
            assert!(error.is_err(), "{text}");
            assert!(refused(text.as_bytes()).contains("not JSON"), "{text}");
        }
    }
    for value in [r#""\ud83d\ude00 \\ud83d""#, "1e308", "-1.5e-400", "0e999999", &deep(NESTING_MAX - 1)] {
        let text = format!(r#"{{"other":{value},"id":7}}"#);
        assert_eq!(scalar(&text, "/id"), Scalar::Number("7"), "{text}");
        assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
    }
}

#[test]
fn deep_nesting_takes_no_stack() {
    let depth = 1_000_000;
    let deep = format!("{{\"deep\":{}{},\"id\":7}}", "[".repeat(depth), "]".repeat(depth));
    for at in ["/id", "/deep", "/deep/0/0/0"] {
        let error = Extractor::new([&pointer(at)]).extract(deep.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("nested deeper than 100 levels"), "{error}");
    }
}

#[test]
fn spellings_of_an_integer_have_equal_digits() {
    for seven in ["7", "7.0", "70e-1", "0.7E1", "7e0", "007"] {
        assert_eq!(integer(seven).as_deref(), Some("7"), "{seven}");
    }
    for (number, digits) in
        [("-0", "0"), ("0", "0"), ("0.00", "0"), ("-12e1", "-120"), ("18446744073709551615", "18446744073709551615")]
    {
        assert_eq!(integer(number).as_deref(), Some(digits), "{number}");
    }
    assert_eq!(integer("1e300").map(|digits| digits.len()), Some(301));
    for other in ["1.5", "1e-1", "", " 1", "1 ", "+1", "0x1", "1e400", "NaN", "1e999999999999999999999"] {
        assert_eq!(integer(other), None, "{other}");
    }
}

/// Checks what the bytes are named; an empty text: nothing but the parser's message.
fn assert_named(cases: &[(&[u8], &str)]) {
    for (bytes, expected) in cases {
        let error = Extractor::new([&pointer("/id")]).extract(bytes).unwrap_err();
        let what = diagnose(bytes, bytes, &error).unwrap_or_default();
        let shown = String::from_utf8_lossy(bytes);
        assert!(what.contains(expected) && what.is_empty() == expected.is_empty(), "{shown}: {what} ({error})");
    }
}

#[test]
fn bytes_that_are_no_text_of_json_are_named_for_what_they_are() {
    assert_named(&[
        (b"", "empty"),
        (b" \r\n", "empty"),
        (b"\0\0\0\0\x07{\"id\":1}", "schema registry (schema id 7): set `format: confluent`"),
        (b"\0\0\0\x01\0\x02\x08abc", "schema id 256) and no JSON, such as Avro or Protobuf"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"\x28\xb5\x2f\xfd\0", "zstd"),
        (b"\x82SNAPPY\0\0", "snappy"),
        (b"\x04\x22\x4d\x18@", "lz4"),
        (b"\x78\x9c\x01", "zlib"),
        (b"Obj\x01\x04", "Avro object container"),
        (b"\xac\xed\0\x05sr", "serialized Java object"),
        (b"\x03\0\xb7\xb4", "AWS Glue"),
        (b"\xff\xfe{\0", "UTF-16 (little endian)"),
        (b"\xfe\xff\0{", "UTF-16 (big endian)"),
        (b"{\0\"\0i\0", "UTF-16 (little endian)"),
        (b"\0{\0\"\0i", "UTF-16 (big endian)"),
        (b"{\"name\":\"J\xfcrgen\"}", "Latin-1"),
        (b"\xa2\x02\xc3\x28", "binary"),
        (b"\x0c\0\0\0\x10id\0\x01\0\0\0\xff", "binary"),
        (b"\0\0\0", "binary"),
        (b"\0\0\0\x01\0 [{\"id\":1}]", "JSON in the framing of a schema registry (schema id 256)"),
        (b"\0\0\0\0\0\0\0\0\x07{\"id\":1}", "eight bytes"),
        (b"\0\0\0\0\0\0\0\x07", "binary"),
        (b"\0\x08{\"id\":1}", "2 bytes with its length"),
        (b"\0\0\0\x08{\"id\":1}", "4 bytes with its length"),
        (b"{\0\0\0\"\0\0\0i\0\0\0", "UTF-32"),
        (b"\0\0\0{\0\0\0\"\0\0\0i", "UTF-32"),
        (b"{\"name\":\"J\xc3", "cut off within a character"),
        (b"{\"name\":\"\xed\xa0\xbd\xed\xb8\x80\"}", "CESU-8"),
        (b"{\"name\":\"\xc0\x80\"}", "Java's modified UTF-8"),
        (b"\x78\x5e\x01", "zlib"),
        (b":)\n\x01\xfa", "Smile"),
        (b"\x1e{\"id\":1}\n", "RFC 7464"),
    ]);
}

#[test]
fn texts_that_are_nearly_json_are_named_for_what_they_are() {
    let deep = format!("{}{}", "[".repeat(NESTING_MAX + 1), "]".repeat(NESTING_MAX + 1));
    assert_named(&[
        (b"{\"id\":1}\n{\"id\":2}\n", "NDJSON"),
        (b"{\"id\":NaN}", "NaN or Infinity"),
        (b"{\"id\":-Infinity}", "NaN or Infinity"),
        (b"{'id': 1}", "as Python prints it"),
        (b"{\"id\": None}", "as Python prints it"),
        (b"{\"ok\": True}", "as Python prints it"),
        (b"{\"id\":undefined}", "undefined"),
        (b"{\"id\":1,}", "a comma behind the last"),
        (b"{\"id\":1 // one\n}", "comments"),
        (b"{\"id\":\"1", "cut off"),
        (b"<event id=\"1\"/>", "XML"),
        (b"eyJpZCI6MX0=", "Base64"),
        (br#"{"id":"\ud83d"}"#, "half of a surrogate pair"),
        (b"{\"id\":1e400}", "beyond the range of 64-bit floats"),
        (b"{\"id\":1}\0", "a zero byte behind it"),
        (b"{\"id\":1}x", ""),
        (b"Struct{id=1,name=x}", "StringConverter of Kafka Connect"),
        (b"{id=1, name=x}", "`toString`"),
        (b"com.example.Order(id=1)", "`toString`"),
        (b"{id:1}", "names that are not in double quotes"),
        (b"{\"id\":-NaN}", "NaN or Infinity"),
        (b"{\"id\":Inf}", "NaN or Infinity"),
        (b"{\"ok\":TRUE}", "in capitals"),
        (b"{\"no\":NULL}", "in capitals"),
        (b"[1,]", "a comma behind the last"),
        ("{\u{a0}\"id\":1}".as_bytes(), "invisible character"),
        ("\u{200b}{\"id\":1}".as_bytes(), "invisible character"),
        ("{\u{201c}id\u{201d}:1}".as_bytes(), "typographic quotes"),
        // The parser's message tells all.
        (b"{\"id\":1.}", ""),
        (b"{\"id\":\"\\'\"}", ""),
        (b"{\"id\":\"\t\"}", ""),
        (b"}", ""),
        (b"ping", ""),
        (b"a=1", ""),
        (deep.as_bytes(), ""),
    ]);
}

#[test]
fn bytes_behind_framing_that_was_skipped_are_named_for_themselves() {
    let cases: [(&[u8], &str); 5] = [
        (b"\0\0\0\0\x07{\"id\":NaN}", "NaN or Infinity"),
        (b"\0\0\0\0\x07\0\x0a\x04abcd", "schema id 7) and no JSON"),
        (b"\0\0\0\0\x07\x08caf\xc3\xa9", "schema id 7) and no JSON"),
        (b"\0\0\0\0\0\0\0\0\x07{\"id\":1}", "eight bytes"),
        (b"\0{\0\"\0i\0d\0\"", "UTF-16 (big endian)"),
    ];
    for (bytes, expected) in cases {
        let text = bytes.get(5..).unwrap();
        let error = Extractor::new([&pointer("/id")]).extract(text).unwrap_err();
        let what = diagnose(bytes, text, &error).unwrap_or_default();
        assert!(what.contains(expected), "{what} ({error})");
    }
}

#[test]
fn values_that_are_no_object_are_named() {
    let cases = [
        ("{}", ""),
        (r#"[{"specversion":"1.0","id":"1"}]"#, "a batch of CloudEvents"),
        ("[{\"id\":1}]", "an array"),
        (r#""{\"id\":1}""#, "a string that holds JSON"),
        (r#""eyJpZCI6MX0=""#, "Base64"),
        (r#""{""#, "a string"),
        ("null", "null"),
        ("true", "a boolean"),
        ("-1", "a number"),
    ];
    for (text, expected) in cases {
        let what = not_an_object(text.as_bytes()).unwrap_or_default();
        assert!(what.contains(expected) && what.is_empty() == expected.is_empty(), "{text}: {what}");
    }
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
            match extractor.extract(text) {
                Ok(found) => prop_assert!((0..4).all(|index| !found.scalar(index).kind().is_empty())),
                Err(error) => drop(diagnose(text, text.get(5..).unwrap_or(text), &error)),
            }
        }
    }
}
