//! The number of fields of structs in `runtime`: one with too many has several responsibilities.

use std::collections::BTreeSet;

use super::token::{Token, tokens};
use super::{FIELDS_MAX, WIDE_STRUCTS, files};

/// A struct with its number of fields.
struct Struct<'a> {
    line: usize,
    name: &'a str,
    fields: usize,
}

/// The structs of a file.
fn structs(text: &str) -> Vec<Struct<'_>> {
    let code: Vec<Token<'_>> = tokens(text).into_iter().filter(|token| !token.comment).collect();
    let mut found = Vec::new();
    for (at, pair) in code.windows(2).enumerate() {
        if let [Token { text: "struct", line, .. }, name] = pair {
            let rest: Vec<&str> = code.iter().skip(at + 2).map(|token| token.text).collect();
            found.push(Struct { line: *line, name: name.text, fields: fields(&rest) });
        }
    }
    found
}

/// The number of fields of a struct, from the tokens after its name.
fn fields(rest: &[&str]) -> usize {
    let (mut depth, mut count, mut begun, mut before) = (0_usize, 0, false, "");
    let mut body = false;
    for token in rest {
        match *token {
            ";" if depth == 0 => return 0,
            "," if depth == 1 && body => count += usize::from(std::mem::take(&mut begun)),
            // A `where` may have brackets of its own before the body; those of a tuple follow its name or its generics.
            "(" if depth == 0 && matches!(before, "" | ">") => (depth, body) = (1, true),
            "{" if depth == 0 => (depth, body) = (1, true),
            "(" | "[" | "{" | "<" => (depth, begun) = (depth + 1, begun || body),
            ">" if before == "-" => {}
            ")" | "]" | "}" | ">" => {
                depth = depth.saturating_sub(1);
                if body && depth == 0 {
                    return count + usize::from(begun);
                }
            }
            _ => begun = body,
        }
        before = token;
    }
    count
}

/// Every struct of a file that has more fields than allowed, as `file:line: rule`, except those in a list.
fn broken(name: &str, text: &str, allowed: &[(&str, &str)]) -> Vec<String> {
    let wide = structs(text).into_iter().filter(|it| it.fields > FIELDS_MAX && !allowed.contains(&(name, it.name)));
    let rule = |Struct { line, name: of, fields }| {
        format!("{name}:{line}: `{of}` has {fields} fields of at most {FIELDS_MAX}: group related fields into a type")
    };
    wide.map(rule).collect()
}

#[test]
fn no_struct_of_the_runtime_has_many_fields() {
    let files = files("src/runtime");
    let broken: Vec<String> = files.iter().flat_map(|(name, text)| broken(name, text, WIDE_STRUCTS)).collect();
    assert!(broken.is_empty(), "{} broken rules:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn the_list_of_wide_structs_has_no_others() {
    let files = files("src/runtime");
    let wide: BTreeSet<(&str, &str)> = files
        .iter()
        .flat_map(|(name, text)| structs(text).into_iter().map(move |it| (name.as_str(), it)))
        .filter(|(_, it)| it.fields > FIELDS_MAX)
        .map(|(name, it)| (name, it.name))
        .collect();
    let obsolete: Vec<_> = WIDE_STRUCTS.iter().filter(|entry| !wide.contains(*entry)).collect();
    assert!(obsolete.is_empty(), "remove these from WIDE_STRUCTS in tests/tidy.rs: {obsolete:?}");
}

#[test]
fn the_fields_of_structs_are_counted() {
    let text = "struct None;\npub struct Empty {}\nstruct Tuple(u8, pub Map<K, (V, W)>);\n\
        struct Named<'a, T: Fn(u8) -> u8> where T: Fn(A, B) -> C {\n    /// One, two, three.\n    #[serde(default, skip)]\n\
        pub(super) one: Box<dyn Fn(A, B) -> Map<C, D> + 'a>,\n    two: [u8; { 3 }],\n    three: T\n}\n\
        struct Wrapped<T>(T) where T: Copy;";
    let counted: Vec<(usize, &str, usize)> = structs(text).iter().map(|it| (it.line, it.name, it.fields)).collect();
    assert_eq!(counted, [(1, "None", 0), (2, "Empty", 0), (3, "Tuple", 2), (4, "Named", 3), (11, "Wrapped", 1)]);
}

#[test]
fn a_struct_with_too_many_fields_is_found() {
    let fields = |count: usize| format!("\nstruct Wide {{ {} }}", "field: u8, ".repeat(count));
    let found = broken("src/runtime/x.rs", &fields(FIELDS_MAX + 1), &[]).concat();
    assert!(found.starts_with("src/runtime/x.rs:2: `Wide` has 13 fields"), "{found}");
    assert!(broken("src/runtime/x.rs", &fields(FIELDS_MAX), &[]).is_empty());
    assert!(broken("src/runtime/x.rs", &fields(FIELDS_MAX + 1), &[("src/runtime/x.rs", "Wide")]).is_empty());
    assert!(!broken("src/runtime/y.rs", &fields(FIELDS_MAX + 1), &[("src/runtime/x.rs", "Wide")]).is_empty());
}
