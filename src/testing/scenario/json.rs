//! JSON in lines, with the digits, the escapes and the order of the text.

use serde::de::IgnoredAny;

/// The indentation of each level, in columns.
const INDENT: usize = 2;

/// An object or an array as lines, one field or element each; `None` if the text is something else.
pub fn pretty(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return None;
    }
    let (mut lines, mut line, mut depth) = (Vec::new(), String::new(), 0_usize);
    let (mut in_string, mut escaped) = (false, false);
    let mut chars = text.chars().peekable();
    let mut end = |line: &mut String, depth: usize| {
        lines.push(line.trim_end().to_owned());
        *line = " ".repeat(depth * INDENT);
    };
    while let Some(next) = chars.next() {
        if in_string {
            line.push(next);
            in_string = escaped || next != '"';
            escaped = !escaped && next == '\\';
            continue;
        }
        match next {
            '"' => {
                in_string = true;
                line.push(next);
            }
            '{' | '[' => {
                line.push(next);
                while chars.next_if(|next| next.is_whitespace()).is_some() {}
                if let Some(close) = chars.next_if(|next| matches!(next, '}' | ']')) {
                    line.push(close);
                } else {
                    depth += 1;
                    end(&mut line, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                end(&mut line, depth);
                line.push(next);
            }
            ',' => {
                line.push(next);
                end(&mut line, depth);
            }
            ':' => line.push_str(": "),
            _ if next.is_whitespace() => {}
            _ => line.push(next),
        }
    }
    lines.push(line);
    Some(lines)
}

/// The text before an object or an array at the end of a line, and its lines; `None` without one.
pub(super) fn tail(line: &str) -> Option<(&str, Vec<String>)> {
    line.match_indices(['{', '[']).find_map(|(at, _)| {
        let (head, json) = line.split_at_checked(at)?;
        let begins_a_word = head.is_empty() || head.ends_with(' ');
        if begins_a_word { Some((head.trim_end(), pretty(json)?)) } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::{pretty, tail};

    #[test]
    fn json_becomes_lines_with_its_own_digits_escapes_and_order() {
        let lines = pretty(r#"{"b":1.10,"a":{ },"c":["x, \"{\\",{"d":null}]}"#).unwrap();
        let expected = [
            "{",
            r#"  "b": 1.10,"#,
            r#"  "a": {},"#,
            r#"  "c": ["#,
            r#"    "x, \"{\\","#,
            "    {",
            r#"      "d": null"#,
            "    }",
            "  ]",
            "}",
        ];
        assert_eq!(lines, expected);
        assert_eq!((pretty("{"), pretty("1")), (None, None));
    }

    #[test]
    fn json_at_the_end_of_a_line_is_found() {
        let (head, lines) = tail("forward out key={x} {\"a\":1}").unwrap();
        assert_eq!((head, lines.len()), ("forward out key={x}", 3));
        assert_eq!(tail("state   bundle p1 closed"), None);
    }
}
