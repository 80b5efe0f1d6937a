//! A hash of the value of a JSON text, which is equal for all texts of one value.

use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::token::{Token, Tokens, unescape};
use super::{Decimal, Pointer};

/// Seeds, so that values of different types have different hashes.
const TEXT: u64 = 0x5851_f42d_4c95_7f2d;
const NUMBER: u64 = 0x1405_7b7e_f767_814f;
const WORD: u64 = 0x9e6c_63d0_876a_3f6b;
const ARRAY: u64 = 0x2545_f491_4f6c_dd1d;
const OBJECT: u64 = 0xd134_2543_de82_ef95;

/// Hashes the values of JSON texts, except those at some pointers.
///
/// Two texts have one hash if their values are equal: whatever the order of fields, blanks and escape sequences are. Numbers are
/// equal if their decimal values are, so 2 and 2.0 are, and two long integers that differ in a digit are not. Of fields with
/// one name the last counts.
///
/// The hash is stored, so it is XXH3, which is frozen; 128 bits make accidental collisions negligible, deliberate ones are
/// possible.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digester {
    /// The values that do not count.
    ignored: Node,
}

/// A node of the trie of pointers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node {
    /// True if a pointer ends here.
    ends: bool,
    children: Vec<(String, Node)>,
}

/// An object or array that is not at its end.
struct Frame<'n> {
    is_object: bool,
    /// The index of its first item.
    first: usize,
    /// The number of its values so far.
    len: usize,
    /// The hash of the name of the next value; `None` before the name.
    name: Option<u128>,
    /// The pointers that lead into it.
    node: Option<&'n Node>,
    /// The pointers that lead to or into the next value.
    next: Option<&'n Node>,
}

impl Digester {
    /// Hashes without the values at these pointers.
    pub fn without<'p>(ignored: impl IntoIterator<Item = &'p Pointer>) -> Self {
        let mut root = Node::default();
        for pointer in ignored {
            root.insert(pointer.tokens());
        }
        Self { ignored: root }
    }

    /// The hash of a text that has been checked to be JSON; any number of another text.
    pub fn digest(&self, text: &[u8]) -> u128 {
        let text = std::str::from_utf8(text).unwrap_or_default();
        let (mut stack, mut items, mut scratch) = (Vec::<Frame<'_>>::new(), Vec::new(), Vec::new());
        for token in Tokens::of(text) {
            let value = match (token, stack.last_mut()) {
                (Token::Text(raw), Some(frame)) if frame.is_object && frame.name.is_none() => {
                    frame.name(raw);
                    continue;
                }
                (Token::Object | Token::Array, outer) => {
                    let node = match outer {
                        Some(outer) => outer.next(),
                        None => Some(&self.ignored),
                    };
                    stack.push(Frame::at(items.len(), token == Token::Object, node));
                    continue;
                }
                (Token::End, _) => {
                    let Some(frame) = stack.pop() else { return 0 };
                    let value = frame.hash(&mut items, &mut scratch);
                    items.truncate(frame.first);
                    value
                }
                (Token::Text(raw), _) => text_hash(raw),
                (Token::Number(raw), _) => number(raw),
                (Token::Word(word), _) => xxh3_128_with_seed(word.as_bytes(), WORD),
            };
            match stack.last_mut() {
                None => return value,
                Some(frame) => items.extend(frame.item(value)),
            }
        }
        0
    }
}

impl Node {
    fn insert(&mut self, tokens: &[String]) {
        let Some((token, rest)) = tokens.split_first() else {
            self.ends = true;
            return;
        };
        if let Some((_, child)) = self.children.iter_mut().find(|(name, _)| name == token) {
            return child.insert(rest);
        }
        let mut child = Self::default();
        child.insert(rest);
        self.children.push((token.clone(), child));
    }

    fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|(token, _)| token == name).map(|(_, child)| child)
    }
}

impl<'n> Frame<'n> {
    const fn at(first: usize, is_object: bool, node: Option<&'n Node>) -> Self {
        Self { is_object, first, len: 0, name: None, node, next: None }
    }

    /// The name of the next value.
    fn name(&mut self, raw: &str) {
        self.name = Some(text_hash(raw));
        self.next = match self.node {
            Some(node) if !node.children.is_empty() => unescape(raw).and_then(|name| node.child(&name)),
            Some(_) | None => None,
        };
    }

    /// The pointers that lead to or into the next value.
    fn next(&self) -> Option<&'n Node> {
        match self.node {
            Some(node) if !self.is_object && !node.children.is_empty() => node.child(&self.len.to_string()),
            Some(_) | None => self.next,
        }
    }

    /// The item of the next value, unless it does not count.
    fn item(&mut self, value: u128) -> Option<(u128, u128)> {
        let ignored = self.next().is_some_and(|node| node.ends);
        self.len += 1;
        self.next = None;
        let name = self.name.take().unwrap_or_default();
        (!ignored).then_some((name, value))
    }

    /// The hash of its items.
    fn hash(&self, items: &mut [(u128, u128)], scratch: &mut Vec<u8>) -> u128 {
        let items = items.get_mut(self.first..).unwrap_or_default();
        scratch.clear();
        if !self.is_object {
            scratch.extend(items.iter().flat_map(|(_, value)| value.to_le_bytes()));
            return xxh3_128_with_seed(scratch, ARRAY);
        }
        // A stable sort: of one name the last stays the last.
        items.sort_by_key(|(name, _)| *name);
        for (at, (name, value)) in items.iter().enumerate() {
            if items.get(at + 1).is_none_or(|(other, _)| other != name) {
                scratch.extend_from_slice(&name.to_le_bytes());
                scratch.extend_from_slice(&value.to_le_bytes());
            }
        }
        xxh3_128_with_seed(scratch, OBJECT)
    }
}

fn text_hash(raw: &str) -> u128 {
    // What is not Unicode is compared as it is spelled.
    let text = unescape(raw).unwrap_or(std::borrow::Cow::Borrowed(raw));
    xxh3_128_with_seed(text.as_bytes(), TEXT)
}

fn number(raw: &str) -> u128 {
    let hash = |digits: &str, exponent: i64, negative: bool| {
        let seed = NUMBER ^ exponent.cast_unsigned() ^ (u64::from(negative) << 63);
        xxh3_128_with_seed(digits.as_bytes(), seed)
    };
    // Most numbers are short integers and need no analysis.
    if raw.bytes().all(|byte| byte.is_ascii_digit()) && !raw.starts_with('0') {
        let digits = raw.trim_end_matches('0');
        let zeros = i64::try_from(raw.len() - digits.len()).unwrap_or(i64::MAX);
        return hash(digits, zeros, false);
    }
    match Decimal::parse(raw) {
        Some(number) => hash(number.digits(), number.exponent(), number.is_negative()),
        None => xxh3_128_with_seed(raw.as_bytes(), NUMBER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = r#"{"id":"a","n":2,"who":"A/é","in":{"x":[1,{"y":null}],"z":100}}"#;

    fn digest(text: &str, ignored: &[&str]) -> u128 {
        let pointers: Vec<Pointer> = ignored.iter().map(|text| Pointer::parse(text).unwrap()).collect();
        Digester::without(&pointers).digest(text.as_bytes())
    }

    #[test]
    fn texts_of_one_value_have_one_hash() {
        for same in [
            r#"{"in":{"z":100,"x":[1,{"y":null}]},"who":"A/é","n":2,"id":"a"}"#,
            " {\"id\" : \"a\" ,\n\"n\":2,\"who\":\"A/é\",\"in\":{\"x\":[ 1 , {\"y\":null}],\"z\":100} }\r\n",
            r#"{"id":"a","n":2,"who":"\u0041\/\u00e9","in":{"\u0078":[1,{"y":null}],"z":100}}"#,
            r#"{"id":"a","n":2.0,"who":"A/é","in":{"x":[1e0,{"y":null}],"z":1E+2}}"#,
            r#"{"id":"b","id":"a","n":[],"n":2,"who":"A/é","in":7,"in":{"x":[1,{"y":null}],"z":100}}"#,
        ] {
            assert_eq!(digest(same, &[]), digest(FIRST, &[]), "{same}");
        }
    }

    #[test]
    fn other_values_have_other_hashes() {
        let others = [
            FIRST,
            r#"{"id":"A","n":2,"who":"A/é","in":{"x":[1,{"y":null}],"z":100}}"#,
            r#"{"id":"a","n":"2","who":"A/é","in":{"x":[1,{"y":null}],"z":100}}"#,
            r#"{"id":"a","n":-2,"who":"A/é","in":{"x":[1,{"y":null}],"z":100}}"#,
            r#"{"id":"a","n":20,"who":"A/é","in":{"x":[1,{"y":null}],"z":100}}"#,
            r#"{"id":"a","n":2,"who":"A/é","in":{"x":[{"y":null},1],"z":100}}"#,
            r#"{"id":"a","n":2,"who":"A/é","in":{"x":[1,{"y":null}]},"z":100}"#,
            r#"{"id":"a","n":2,"who":"A/é","in":{"x":[1],"y":null,"z":100}}"#,
            r#"{"n":"a","id":2,"who":"A/é","in":{"x":[1,{"y":null}],"z":100}}"#,
            r#"{"id":"a","n":2,"who":"A/é","in":{"x":[1,{"y":false}],"z":100}}"#,
            "[]",
            "{}",
            "0",
            "false",
            "null",
            "\"null\"",
            "\"0\"",
            "18446744073709551615",
            "18446744073709551616",
            "1e400",
            "1e401",
            "-1e400",
            "\"\\ud83d\"",
        ];
        let hashes: std::collections::BTreeSet<u128> = others.iter().map(|text| digest(text, &[])).collect();
        assert_eq!(hashes.len(), others.len());
    }

    #[test]
    fn ignored_fields_do_not_count_wherever_they_are() {
        let of = |text: &str| digest(text, &["/sent", "/in/at", "/list/1/t", "/a~1b"]);
        let first = of(r#"{"id":1,"in":{"x":1},"list":[{"t":1},{"u":2}]}"#);
        for same in [
            r#"{"sent":{"deep":[1]},"id":1,"in":{"x":1,"at":"now"},"list":[{"t":1},{"u":2,"t":[]}]}"#,
            r#"{"id":1,"a/b":7,"in":{"\u0061t":0,"x":1},"list":[{"t":1},{"u":2}]}"#,
        ] {
            assert_eq!(of(same), first, "{same}");
        }
        for other in [
            r#"{"id":1,"in":{"x":1,"sent":1},"list":[{"t":1},{"u":2}]}"#,
            r#"{"id":1,"in":{"x":1},"list":[{"t":2},{"u":2}]}"#,
            r#"{"id":1,"at":0,"in":{"x":1},"list":[{"t":1},{"u":2}]}"#,
        ] {
            assert_ne!(of(other), first, "{other}");
        }
    }

    #[test]
    fn any_depth_is_hashed_and_no_bytes_panic() {
        let deep = |close: &str| ["[".repeat(100_000), close.repeat(100_000)].concat();
        assert_ne!(digest(&deep("]"), &[]), 0);
        for bytes in [&b"\xff"[..], b"", b"]", b"}{", b"{\"a\"", b"\"\\", b"{1:2}"] {
            Digester::default().digest(bytes);
        }
    }

    /// Hashes are stored, so they must stay.
    #[test]
    fn a_hash_never_changes() {
        assert_eq!(format!("{:032x}", digest(FIRST, &[])), "e4f8983912e2e0f6b670feb52844f92d");
    }
}
