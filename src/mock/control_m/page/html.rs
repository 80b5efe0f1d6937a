//! Text as HTML.

/// The text with its markup escaped, for elements and for quoted attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_text_becomes_markup() {
        let found = super::escaped(r#"<a href='x' title="y">&"#);
        assert_eq!(found, "&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;");
    }
}
