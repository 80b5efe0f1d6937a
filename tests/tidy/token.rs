//! A minimal lexer for Rust: identifiers and punctuation with their lines, without strings, with comments marked.

/// An identifier or punctuation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    /// From 1.
    pub line: usize,
    /// An identifier, `::`, or one character.
    pub text: &'a str,
    /// True within a comment.
    pub comment: bool,
}

/// The tokens of a file, without strings and characters, which name nothing.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut line, mut rest) = (1, source);
    while let Some(first) = rest.chars().next() {
        let (length, kind) = piece(rest, first);
        let (text, after) = rest.split_at(length);
        match kind {
            Kind::Token => found.push(Token { line, text, comment: false }),
            Kind::Comment => words(text, line, &mut found),
            Kind::Skipped => {}
        }
        line += text.matches('\n').count();
        rest = after;
    }
    found
}

enum Kind {
    Token,
    Comment,
    Skipped,
}

/// The length of the first piece, in bytes, and its kind.
fn piece(rest: &str, first: char) -> (usize, Kind) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), Kind::Comment);
    }
    if rest.starts_with("/*") {
        return (rest.find("*/").map_or(rest.len(), |at| at + 2), Kind::Comment);
    }
    if let Some(length) = raw_text(rest) {
        return (length, Kind::Skipped);
    }
    if first == '"' {
        return (closed(rest, '"'), Kind::Skipped);
    }
    if first == '\'' {
        return quote(rest);
    }
    if is_word(first) {
        return (rest.find(|c| !is_word(c)).unwrap_or(rest.len()), Kind::Token);
    }
    if rest.starts_with("::") {
        return (2, Kind::Token);
    }
    (first.len_utf8(), if first.is_whitespace() { Kind::Skipped } else { Kind::Token })
}

/// `r"..."`, `r#"..."#`, `br"..."`: up to the quote with as many `#`.
fn raw_text(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after.trim_start_matches('#').strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(rest.len() - body.len() + length)
}

/// A character, or the quote of a lifetime.
fn quote(rest: &str) -> (usize, Kind) {
    let mut inside = rest.chars().skip(1);
    match (inside.next(), inside.next()) {
        (Some('\\'), _) => (closed(rest, '\''), Kind::Skipped),
        (Some(character), Some('\'')) => (2 + character.len_utf8(), Kind::Skipped),
        _ => (1, Kind::Skipped),
    }
}

/// The length to and with the closing quote, past escaped ones.
fn closed(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The tokens of a comment; its links name modules as code does.
fn words<'a>(comment: &'a str, line: usize, found: &mut Vec<Token<'a>>) {
    for (number, text) in comment.split('\n').enumerate() {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = match first {
                _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                _ if rest.starts_with("::") => 2,
                _ => first.len_utf8(),
            };
            let (text, after) = rest.split_at(length);
            found.push(Token { line: line + number, text, comment: true });
            rest = after;
        }
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[test]
fn strings_are_skipped_and_lines_are_kept() {
    let source = "a\n\"b \\\" c\"\nr#\"d\" e\"# 'f' '\\'' &'g h::i // j\n/* k\nl */ m";
    let code: Vec<(usize, &str)> =
        tokens(source).iter().filter(|token| !token.comment).map(|token| (token.line, token.text)).collect();
    assert_eq!(code, [(1, "a"), (3, "&"), (3, "g"), (3, "h"), (3, "::"), (3, "i"), (5, "m")]);
    let comments: Vec<(usize, &str)> = tokens(source)
        .iter()
        .filter(|token| token.comment && token.text.chars().all(is_word))
        .map(|token| (token.line, token.text))
        .collect();
    assert_eq!(comments, [(3, "j"), (4, "k"), (5, "l")]);
}
