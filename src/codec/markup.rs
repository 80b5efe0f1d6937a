//! Text in HTML and XML.

/// A text in which nothing is markup. What XML has no place for becomes the replacement character.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for next in text.chars() {
        match next {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' => escaped.push(next),
            // XML 1.0, section 2.2: these are no characters.
            '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => escaped.push(char::REPLACEMENT_CHARACTER),
            _ => escaped.push(next),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn no_text_becomes_markup() {
        let found = escape("<a href='x' title=\"y\">&\u{0}\n");
        assert_eq!(found, "&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;\u{FFFD}\n");
    }
}
