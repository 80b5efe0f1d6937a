//! The tokens of a JSON text that has been checked to be JSON before.

/// A token. Commas and colons are not tokens: they follow from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// The start of an object.
    Object,
    /// The start of an array.
    Array,
    /// The end of the innermost object or array.
    End,
    /// A string or the name of a field: the text between the quotes, with its escape sequences.
    Text(&'a str),
    /// A number, as it is spelled.
    Number(&'a str),
    /// `true`, `false` or `null`.
    Word(&'a str),
}

/// The tokens of a text, in order. Of a text that is not JSON they are unspecified, but they end.
#[derive(Clone, Debug)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    /// The tokens of a text.
    pub(super) const fn of(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The text from the current position up to the first byte that `ends`, which becomes the position.
    fn take(&mut self, ends: impl Fn(u8) -> bool) -> &'a str {
        let start = self.at;
        while let Some(byte) = self.text.as_bytes().get(self.at)
            && !ends(*byte)
        {
            self.at += 1;
        }
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// The contents of a string that starts at the current position; the position is then behind its closing quote.
    fn string(&mut self) -> &'a str {
        let (start, bytes) = (self.at, self.text.as_bytes());
        while let Some(found) = bytes.get(self.at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
            self.at += found;
            if bytes.get(self.at) == Some(&b'"') {
                self.at += 1;
                return self.text.get(start..self.at - 1).unwrap_or_default();
            }
            self.at += 2;
        }
        self.at = bytes.len();
        self.text.get(start..).unwrap_or_default()
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            let token = match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' => {
                    self.at += 1;
                    continue;
                }
                b'{' => Token::Object,
                b'[' => Token::Array,
                b'}' | b']' => Token::End,
                b'"' => {
                    self.at += 1;
                    return Some(Token::Text(self.string()));
                }
                b'-' | b'0'..=b'9' => {
                    let is_of = |byte: u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                    return Some(Token::Number(self.take(|byte| !is_of(byte))));
                }
                b'a'..=b'z' => return Some(Token::Word(self.take(|byte| !byte.is_ascii_lowercase()))),
                // Not JSON.
                _ => return None,
            };
            self.at += 1;
            return Some(token);
        }
    }
}

/// The text of a string, without escape sequences; `None` if it is not Unicode (a lone surrogate).
pub(super) fn unescape(raw: &str) -> Option<std::borrow::Cow<'_, str>> {
    if memchr::memchr(b'\\', raw.as_bytes()).is_none() {
        return Some(raw.into());
    }
    serde_json::from_str::<String>(&["\"", raw, "\""].concat()).ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tokens_of_a_text_are_its_values_in_order() {
        let text = " {\"a\" : [1, -2.50E+3,true,null ],\n\"b\\\"\\\\\":\"é\\\\\" , \"\":{}}\t";
        let tokens: Vec<_> = Tokens::of(text).collect();
        let expected = [
            Token::Object,
            Token::Text("a"),
            Token::Array,
            Token::Number("1"),
            Token::Number("-2.50E+3"),
            Token::Word("true"),
            Token::Word("null"),
            Token::End,
            Token::Text("b\\\"\\\\"),
            Token::Text("é\\\\"),
            Token::Text(""),
            Token::Object,
            Token::End,
            Token::End,
        ];
        assert_eq!(tokens, expected);
    }

    #[test]
    fn what_is_not_json_ends() {
        for text in ["", "\"", "\"\\", "\"\\é", "{\"a", "+", "[1,,", "\u{feff}{}"] {
            assert!(Tokens::of(text).count() < 9, "{text}");
        }
    }

    #[test]
    fn escape_sequences_are_resolved() {
        assert_eq!(unescape("a").as_deref(), Some("a"));
        assert_eq!(unescape("\\u0041\\n\\ud83d\\ude00").as_deref(), Some("A\n\u{1f600}"));
        assert_eq!(unescape("\\ud83d"), None);
    }
}
