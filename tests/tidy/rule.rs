//! The rules, applied to one file.

use super::token::{Token, tokens};
use super::{FLOORS, HOMES, LINES_MAX, MAY_BE_UNSAFE, MAY_PRINT, NAMELESS, PRINTING};

/// Every rule that a file breaks, as `file:line: rule`. `name` is its path in the repository.
pub(crate) fn check(name: &str, text: &str) -> Vec<String> {
    let all = tokens(text);
    let code: Vec<Token<'_>> = all.iter().filter(|token| !token.comment).copied().collect();
    let mut broken = layout(name, text);
    broken.extend(modules(&code));
    broken.extend(allowances(&code));
    if let Some(inside) = name.strip_prefix("src/") {
        broken.extend(floors(inside, &all));
        broken.extend(climbing(inside, &code));
        broken.extend(homes(name, &code));
        broken.extend(places(name, &code));
    }
    broken.into_iter().map(|(line, rule)| format!("{name}:{line}: {rule}")).collect()
}

type Broken = (usize, String);

/// The file's length, its first line, its name.
fn layout(name: &str, text: &str) -> Vec<Broken> {
    let mut broken = Vec::new();
    let first = text.lines().next().unwrap_or_default();
    if !first.starts_with("//! ") {
        broken.push((1, "a file opens with `//!` and a sentence on what it is for".to_owned()));
    }
    let lines = text.lines().count();
    if lines > LINES_MAX {
        broken.push((LINES_MAX + 1, format!("the file has {lines} lines of at most {LINES_MAX}: split it")));
    }
    let parts = name.trim_end_matches(".rs").split('/');
    broken.extend(parts.filter(|part| NAMELESS.contains(part)).map(|part| (1, nameless(part))));
    broken
}

fn nameless(name: &str) -> String {
    format!("`{name}` does not describe anything: name the file or module after its contents")
}

/// Inline modules with a name that does not describe anything.
fn modules(code: &[Token<'_>]) -> Vec<Broken> {
    let named = code.windows(2).filter_map(|pair| match pair {
        [word, name] if word.text == "mod" && NAMELESS.contains(&name.text) => Some((name.line, nameless(name.text))),
        _ => None,
    });
    named.collect()
}

/// `#[allow(..)]` and `#![allow(..)]` without a reason.
fn allowances(code: &[Token<'_>]) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (at, token) in code.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| code.get(at)).map_or("", |token| token.text);
        if token.text == "allow" && before == "[" {
            let inside = code.iter().skip(at).take_while(|token| token.text != "]");
            if !inside.into_iter().any(|token| token.text == "reason") {
                broken.push((token.line, "an `allow` needs its `reason = \"..\"`".to_owned()));
            }
        }
    }
    broken
}

/// Modules above or on the same floor, named by `crate::`, in code and in links of comments.
fn floors(inside: &str, all: &[Token<'_>]) -> Vec<Broken> {
    let Some((own, _)) = inside.split_once('/') else { return Vec::new() };
    let Some(floor) = floor_of(own) else { return vec![(1, format!("`{own}` has no floor: add it to the table"))] };
    let rule = |token: &Token<'_>| {
        let name = token.text;
        match floor_of(name) {
            _ if name == own => None,
            Some(other) if other < floor => None,
            Some(other) => Some(format!("`{own}` is on floor {floor} and must not name `{name}` on floor {other}")),
            None => Some(format!("`{name}` is named through the crate and has no floor")),
        }
    };
    named_by_crate(all).into_iter().filter_map(|token| Some((token.line, rule(&token)?))).collect()
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

/// The names after `crate::`, each name of a group separately.
fn named_by_crate<'a>(all: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut named = Vec::new();
    for (at, pair) in all.windows(2).enumerate() {
        let [word, colons] = pair else { continue };
        if word.text != "crate" || colons.text != "::" {
            continue;
        }
        let after = all.get(at + 2..).unwrap_or_default();
        match after.first() {
            Some(token) if token.text == "{" => named.extend(group(after)),
            Some(token) => named.push(*token),
            None => {}
        }
    }
    named
}

/// The first name of each part of a `{..}` group.
fn group<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let (mut depth, mut expected, mut named) = (0_usize, false, Vec::new());
    for token in tokens.iter().filter(|token| !token.comment) {
        match token.text {
            "{" => {
                depth += 1;
                expected = depth == 1;
            }
            "}" if depth == 1 => return named,
            "}" => depth -= 1,
            "," if depth == 1 => expected = true,
            _ if expected => {
                named.push(*token);
                expected = false;
            }
            _ => {}
        }
    }
    named
}

/// `super::super::..` that reaches the crate's root and so names a module without `crate::`.
fn climbing(inside: &str, code: &[Token<'_>]) -> Vec<Broken> {
    let parts = inside.trim_end_matches(".rs").split('/');
    let mut depth = parts.filter(|part| !matches!(*part, "mod" | "lib" | "main")).count();
    let (mut braces, mut inline, mut supers, mut broken) = (0_usize, Vec::new(), 0, Vec::new());
    let mut opens = false;
    for (at, token) in code.iter().enumerate() {
        match token.text {
            "mod" => opens = code.get(at + 2).is_some_and(|token| token.text == "{"),
            "{" => {
                braces += 1;
                if std::mem::take(&mut opens) {
                    inline.push(braces);
                    depth += 1;
                }
            }
            "}" => {
                if inline.last() == Some(&braces) {
                    inline.pop();
                    depth -= 1;
                }
                braces = braces.saturating_sub(1);
            }
            "super" => {
                supers += 1;
                if supers == depth {
                    broken.push((token.line, "`super` climbs out of the module: name others by `crate::`".to_owned()));
                }
            }
            "::" => {}
            _ => supers = 0,
        }
    }
    broken
}

/// Foreign crates outside their homes.
fn homes(name: &str, code: &[Token<'_>]) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (at, token) in code.iter().enumerate() {
        let Some((foreign, homes)) = HOMES.iter().find(|(foreign, _)| *foreign == token.text) else { continue };
        let text = |at: Option<usize>| at.and_then(|at| code.get(at)).map_or("", |token| token.text);
        let (before, after) = (text(at.checked_sub(1)), text(at.checked_add(1)));
        let is_path =
            after == "::" && before != "::" || matches!(before, "use" | "crate") && matches!(after, ";" | "as");
        if is_path && !homes.iter().any(|home| name.starts_with(home)) {
            broken.push((token.line, format!("the crate `{foreign}` may be used in {} only", homes.join(", "))));
        }
    }
    broken
}

/// Macros that print, and unsafe code.
fn places(name: &str, code: &[Token<'_>]) -> Vec<Broken> {
    let mut broken = Vec::new();
    for pair in code.windows(2) {
        let [word, next] = pair else { continue };
        if PRINTING.contains(&word.text) && next.text == "!" && !name.starts_with(MAY_PRINT) {
            broken.push((word.line, format!("`{}!` prints, which only {MAY_PRINT} may", word.text)));
        }
        if word.text == "unsafe" && !MAY_BE_UNSAFE.iter().any(|place| name.starts_with(place)) {
            broken.push((word.line, format!("unsafe code is allowed in {} only", MAY_BE_UNSAFE.join(" and "))));
        }
    }
    broken
}
