//! Finds what reads like a tag of a template and is meant as data: `{#` and `{%%` in the text of a job.
//!
//! `${#files[@]}` of a shell begins a comment, which ends at the next `#}` or nowhere; `{%%ORDERID}` begins a statement.

/// A tag that is probably none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistaken {
    /// The line, from 1.
    pub(super) line: usize,
    /// What it is, and the remedy.
    pub(super) detail: String,
}

/// A part of the source behind a `{`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    Comment,
    Statement,
    Expression,
}

/// The tags of a source that are probably data, in order.
pub(super) fn mistaken(source: &str) -> Vec<Mistaken> {
    let mut found = Vec::new();
    let (mut rest, mut line, mut quoted) = (source, 1, false);
    while let Some((before, tag, after)) = next_tag(rest) {
        quoted = quotes(quoted, before);
        line += newlines(before);
        let (end, closed) = end(tag, after);
        if let Some(detail) = judge(tag, quoted, after, closed.then_some(newlines(end))) {
            found.push(Mistaken { line, detail });
        }
        line += newlines(end);
        rest = after.get(end.len()..).unwrap_or_default();
        if tag == Tag::Statement && is_raw(end) {
            let raw = until_endraw(rest);
            quoted = quotes(quoted, raw);
            line += newlines(raw);
            rest = rest.get(raw.len()..).unwrap_or_default();
        }
    }
    found
}

fn judge(tag: Tag, quoted: bool, after: &str, lines: Option<usize>) -> Option<String> {
    const RAW: &str = "to write it as it is, put it between {% raw %} and {% endraw %}";
    match (tag, lines) {
        (Tag::Comment, None) => Some(format!("`{{#` begins a comment that nothing ends: {RAW}")),
        (Tag::Comment, Some(lines)) if quoted => {
            let reach = if lines == 0 {
                "up to the next `#}`".to_owned()
            } else {
                format!("up to a `#}}` {lines} lines below")
            };
            Some(format!(
                "`{{#` inside a JSON string begins a comment, and the text {reach} would be missing: {RAW}; \
                 a comment must stand outside of strings"
            ))
        }
        (Tag::Statement | Tag::Expression, _) if after.starts_with('%') => {
            let open = if tag == Tag::Statement { "{%" } else { "{{" };
            Some(format!("`{open}` begins a tag of the template, not a brace before a `%%` of Control-M: {RAW}"))
        }
        (Tag::Comment | Tag::Statement | Tag::Expression, _) => None,
    }
}

/// The text before the next tag, the tag, and the text behind its two characters.
fn next_tag(text: &str) -> Option<(&str, Tag, &str)> {
    let tags = [("{#", Tag::Comment), ("{%", Tag::Statement), ("{{", Tag::Expression)];
    let (at, tag) = tags.iter().filter_map(|(open, tag)| Some((text.find(open)?, *tag))).min_by_key(|(at, _)| *at)?;
    Some((text.get(..at)?, tag, text.get(at + 2..)?))
}

/// The text of a tag with its end, and whether it has one. Texts in quotes may contain the end.
fn end(tag: Tag, after: &str) -> (&str, bool) {
    let close = match tag {
        Tag::Comment => "#}",
        Tag::Statement => "%}",
        Tag::Expression => "}}",
    };
    let mut text = None;
    let mut escaped = false;
    for (at, character) in after.char_indices() {
        match text {
            Some(_) if escaped => escaped = false,
            Some(_) if character == '\\' => escaped = true,
            Some(quote) if character == quote => text = None,
            None if after.get(at..).is_some_and(|rest| rest.starts_with(close)) => {
                return (after.get(..at + 2).unwrap_or(after), true);
            }
            None if tag != Tag::Comment && matches!(character, '"' | '\'') => text = Some(character),
            Some(_) | None => {}
        }
    }
    (after, false)
}

fn is_raw(statement: &str) -> bool {
    statement.trim_end_matches("%}").trim_matches(['-', '+']).trim() == "raw"
}

/// The text up to the `{% endraw %}`, or all of it.
fn until_endraw(text: &str) -> &str {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("{%")).map(|at| at + from) {
        let inside = text.get(at + 2..).unwrap_or_default().trim_start_matches(['-', '+']).trim_start();
        if inside.starts_with("endraw") {
            return text.get(..at).unwrap_or(text);
        }
        from = at + 2;
    }
    text
}

/// True if a JSON string is open behind the text. No JSON string spans lines.
fn quotes(quoted: bool, text: &str) -> bool {
    let mut state = (quoted, false);
    for character in text.chars() {
        state = match (state, character) {
            (_, '\n') => (false, false),
            ((true, true), _) => (true, false),
            ((true, false), '\\') => (true, true),
            ((quoted, _), '"') => (!quoted, false),
            ((quoted, _), _) => (quoted, false),
        };
    }
    state.0
}

fn newlines(text: &str) -> usize {
    text.matches('\n').count()
}

#[cfg(test)]
mod tests {
    use super::mistaken;

    fn lines(source: &str) -> Vec<usize> {
        mistaken(source).into_iter().map(|tag| tag.line).collect()
    }

    #[test]
    fn a_comment_inside_a_string_is_found_and_one_outside_is_not() {
        assert_eq!(lines("{# a comment with a \" in it #}\n{\"a\": \"x${#list[@]} y #}\"}"), [2]);
        assert_eq!(lines("{\"a\": \"${#list[@]}\",\n \"b\": 1}"), [1], "a comment without an end");
        assert_eq!(lines("{\"a\": \"{{ \"{#\" }} {{ '#}' }}\"}\n{# after #}"), Vec::<usize>::new());
        assert_eq!(lines("{\"a\": \"\\\"\", {# after an escaped quote #} \"b\": 1}"), Vec::<usize>::new());
        assert_eq!(
            lines("{\"a\": {% if x %}\"b{% else %}\"c{% endif %}\",\n{# next line #}\"d\": 1}"),
            Vec::<usize>::new()
        );
    }

    #[test]
    fn a_raw_text_is_data() {
        assert_eq!(lines("{\"a\": \"{% raw %}${#x} {%%Y}{% endraw %}\",\n\"b\": \"${#x#}\"}"), [2]);
        assert_eq!(lines("{%- raw -%}{#{%- endraw -%}{#"), [1]);
    }

    #[test]
    fn a_brace_before_a_variable_of_control_m_is_found() {
        assert_eq!(lines("{\n\"a\": \"{%%ORDERID} ${%%ODATE} {{%%X}}\"}"), [2]);
        assert!(mistaken("{\"a\": \"{%%X}\"}").pop().unwrap().detail.contains("{% raw %}"));
    }
}
