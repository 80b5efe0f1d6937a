//! Texts of alerts on one line, with a limited length.

use crate::model::Severity;

/// A text on one line with at most `max` bytes. Control characters, and those that change the direction or the line of a text, are
/// spaces.
pub(super) fn one_line(text: &str, max: usize) -> String {
    let mut line = String::new();
    for word in text.split(breaks).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > max {
            break;
        }
    }
    cut(line, max)
}

/// The beginning of a text with at most `max` bytes, and an ellipsis if it is longer.
pub(super) fn cut(mut text: String, max: usize) -> String {
    const ELLIPSIS: char = '…';
    if text.len() <= max {
        return text;
    }
    let mut end = max.saturating_sub(ELLIPSIS.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.push(ELLIPSIS);
    text
}

/// True for characters that end a line, move the cursor, or reverse the text.
fn breaks(character: char) -> bool {
    character.is_control()
        || matches!(character, ' ' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The name of a severity.
pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

/// A number of things, with separators: `1 alert`, `1,000 alerts`.
pub(super) fn number_of(number: u64, thing: &str) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number == 1 { format!("{text} {thing}") } else { format!("{text} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::{cut, number_of, one_line};

    #[test]
    fn a_text_stays_on_its_line_and_within_its_length() {
        assert_eq!(one_line("a\r\nBcc: x@y\t\u{202e}b\0 ", 100), "a Bcc: x@y b");
        assert_eq!(one_line(&"ä".repeat(100), 11), "ääää…");
        assert_eq!(cut("abc".to_owned(), 3), "abc");
        assert_eq!(one_line(&"x ".repeat(1_000), 10), "x x x x…");
    }

    #[test]
    fn numbers_have_separators() {
        let texts = [1, 20, 999, 1_000, 1_234_567].map(|number| number_of(number, "alert"));
        assert_eq!(texts, ["1 alert", "20 alerts", "999 alerts", "1,000 alerts", "1,234,567 alerts"]);
    }
}
