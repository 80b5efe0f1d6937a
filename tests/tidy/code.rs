//! The code of a file, without comments and test code.

use super::token::{Token, tokens};

/// The code of a file, without the parts under `#[cfg(test)]`.
pub(crate) fn without_tests(text: &str) -> Vec<&str> {
    let all: Vec<Token<'_>> = tokens(text).into_iter().filter(|token| !token.comment).collect();
    let mut rest: Vec<&str> = all.iter().rev().map(|token| token.text).collect();
    let mark: Vec<&str> = "# [ cfg ( test ) ]".split(' ').rev().collect();
    let mut code = Vec::new();
    while let Some(word) = rest.pop() {
        rest.push(word);
        if rest.ends_with(&mark) {
            rest.truncate(rest.len() - mark.len());
            skip_item(&mut rest);
        } else {
            code.extend(rest.pop());
        }
    }
    code
}

/// Skips one item, to its `;` or its closing brace.
fn skip_item(rest: &mut Vec<&str>) {
    let mut depth = 0_usize;
    while let Some(word) = rest.pop() {
        match word {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && matches!(word, ";" | "}") {
            return;
        }
    }
}

#[test]
fn test_code_is_skipped() {
    let text = "a // b\n#[cfg(test)]\n#[c]\nmod d { e; fn f() {} }\ng #[cfg(test)] mod h; i\n#[cfg(test)] fn j() -> [u8; 3] { k }";
    assert_eq!(without_tests(text), ["a", "g", "i"]);
}
