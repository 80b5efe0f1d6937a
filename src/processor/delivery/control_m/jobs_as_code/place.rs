//! JSON pointers (RFC 6901), and the strings of a JSON text by their pointers.

use std::ops::Range;

/// The places that break a rule: each with its JSON pointer, and what is wrong there.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<(String, String)>);

impl Places {
    pub(super) fn add(&mut self, pointer: impl Into<String>, what: impl Into<String>) {
        self.0.push((pointer.into(), what.into()));
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = (String, String)> {
        self.0.into_iter()
    }
}

/// The pointer of a member of an object.
pub(super) fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Where a reader of a JSON text is.
enum Level<'a> {
    /// In an object: the text of its latest key, with its escapes.
    Object(&'a str),
    /// In a list: the number of items before.
    List(usize),
}

/// Calls `found` with each string that is a member of an object, or an item of a list that is one: the key and the contents as they
/// are in the text, and the pointer, which is made when it is asked for.
pub(super) fn strings<'a>(text: &'a str, mut found: impl FnMut(&'a str, Range<usize>, &dyn Fn() -> String)) {
    let mut levels: Vec<Level<'a>> = Vec::new();
    let mut is_key = false;
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'{' => levels.push(Level::Object("")),
            b'[' => levels.push(Level::List(0)),
            b'}' | b']' => drop(levels.pop()),
            b',' => {
                if let Some(Level::List(index)) = levels.last_mut() {
                    *index += 1;
                }
            }
            b'"' => {
                let end = end_of_string(text, at + 1);
                let contents = text.get(at + 1..end).unwrap_or_default();
                if let (true, Some(Level::Object(key))) = (is_key, levels.last_mut()) {
                    *key = contents;
                } else if let Some(key) = key_of(&levels) {
                    found(key, at + 1..end, &|| pointer(&levels));
                }
                at = end;
            }
            _ => {}
        }
        // A string is a key behind the opening brace or a comma of an object, and whitespace changes nothing.
        is_key = match byte {
            b'{' | b',' => matches!(levels.last(), Some(Level::Object(_))),
            b' ' | b'\n' | b'\r' | b'\t' => is_key,
            _ => false,
        };
        at += 1;
    }
}

/// The key of a value in this place, or of the list that it is an item of.
fn key_of<'a>(levels: &[Level<'a>]) -> Option<&'a str> {
    match levels {
        [.., Level::Object(key)] | [.., Level::Object(key), Level::List(_)] => Some(key),
        _ => None,
    }
}

/// The position of the quote that ends a string.
fn end_of_string(text: &str, start: usize) -> usize {
    let mut at = start;
    loop {
        match text.as_bytes().get(at) {
            Some(b'\\') => at += 2,
            Some(b'"') | None => return at.min(text.len()),
            Some(_) => at += 1,
        }
    }
}

fn pointer(levels: &[Level<'_>]) -> String {
    levels.iter().fold(String::new(), |pointer, level| match level {
        Level::Object(key) => below(&pointer, &unescaped(key)),
        Level::List(index) => format!("{pointer}/{index}"),
    })
}

/// The text of the contents of a JSON string.
pub(super) fn unescaped(contents: &str) -> String {
    serde_json::from_str(&format!("\"{contents}\"")).unwrap_or_else(|_| contents.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{below, strings};

    #[test]
    fn each_string_of_an_object_has_its_pointer() {
        let text = r#"{ "a/b": {"x~": "1", "list": [ "no", {"y": "tw\"o"}, [{"z":"{3,"}] ]}, "last" : "4", "n": 5 }"#;
        let mut found = Vec::new();
        strings(text, |key, range, pointer| {
            found.push((key.to_owned(), text.get(range).unwrap().to_owned(), pointer()));
        });
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        let keys: Vec<&str> = found.iter().map(|(key, ..)| key.as_str()).collect();
        assert_eq!(keys, ["x~", "list", "y", "z", "last"]);
        for (_, contents, pointer) in &found {
            let expected = value.pointer(pointer).and_then(serde_json::Value::as_str);
            assert_eq!(expected, Some(super::unescaped(contents).as_str()), "{pointer}");
        }
        assert_eq!(below("/a", "b/~c"), "/a/b~1~0c");
    }
}
