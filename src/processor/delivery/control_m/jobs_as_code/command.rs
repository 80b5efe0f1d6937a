//! Values in the text of a shell, as they stand or by way of a variable: what it would read as more than a word is refused.

use std::ops::Range;

use super::definition::{Definition, Setting};
use super::object::text;
use super::place::{Places, strings, unescaped};

/// The prefix of variables in Control-M.
const CONTROL_M_VARIABLE: &str = "%%";
/// The properties that a shell reads.
const SHELL: [&str; 4] = ["Command", "Script", "PreCommand", "PostCommand"];

/// What a shell makes of the text before a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    Single,
    Double,
}

pub(super) fn values(definition: &Definition<'_>, places: &mut Places) {
    let setting = definition.setting;
    let part = |range: &Range<usize>| setting.text.get(range.clone()).unwrap_or_default();
    // Ids and numbers are harmless anywhere, and then the text is not read again.
    if setting.values.iter().all(|range| part(range).chars().all(is_of_a_word)) {
        return;
    }
    strings(setting.text, |key, contents, pointer| {
        let first = setting.values.partition_point(|value| value.end <= contents.start);
        let inside = setting.values.iter().skip(first).take_while(|value| value.start < contents.end);
        for (before, written) in inside.filter_map(|value| written(&setting, &contents, value)) {
            let pointer = pointer();
            if SHELL.contains(&key) {
                judge(&pointer, &before, &written, places);
            } else if let Some((owner, _)) = pointer.rsplit_once("/Variables/") {
                for before in uses(definition, owner, key) {
                    judge(&pointer, before, &written, places);
                }
            }
        }
    });
}

/// The text before a value in its string, and its own, if a shell may give it a meaning.
fn written(setting: &Setting<'_>, contents: &Range<usize>, value: &Range<usize>) -> Option<(String, String)> {
    // A value that brings its quotes with it reaches beyond the contents.
    let (start, end) = (value.start.max(contents.start), value.end.min(contents.end));
    let written = unescaped(setting.text.get(start..end)?);
    if written.chars().all(is_of_a_word) || (setting.is_constant)(&written) {
        return None;
    }
    Some((unescaped(setting.text.get(contents.start..start)?), written))
}

/// The texts before each use of a variable of a job, or of a folder, by jobs of it: Control-M replaces `%%NAME` before a shell reads.
fn uses<'d>(definition: &'d Definition<'_>, owner: &str, name: &str) -> Vec<&'d str> {
    let variable = format!("{CONTROL_M_VARIABLE}{name}");
    let of_owner =
        |pointer: &str| pointer.strip_prefix(owner).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let commands =
        definition.jobs().filter(|job| of_owner(&job.pointer)).flat_map(|job| SHELL.map(|key| text(job.body, key)));
    let uses = commands.flat_map(|command| command.match_indices(&variable).map(move |(at, _)| command.split_at(at)));
    let is_whole = |after: &str| {
        let next = after.get(variable.len()..).and_then(|rest| rest.chars().next());
        !next.is_some_and(|next| next.is_alphanumeric() || next == '_')
    };
    uses.filter(|(_, after)| is_whole(after)).map(|(before, _)| before).collect()
}

/// Adds a value that is more than a word to a shell behind this text.
fn judge(pointer: &str, before: &str, written: &str, places: &mut Places) {
    let quotes = quotes(before);
    let bad = match quotes {
        Quotes::None => written.chars().find(|character| !is_of_a_word(*character)),
        Quotes::Single => written.chars().find(|character| *character == '\'' || character.is_control()),
        Quotes::Double => written.chars().find(|character| "\"$`\\%!".contains(*character) || character.is_control()),
    };
    let Some(bad) = bad else { return };
    let unquoted = if quotes == Quotes::None { "unquoted " } else { "" };
    let shown: String = written.chars().take(SHOWN_CHARS_MAX).collect();
    let more = if shown.len() < written.len() { ".." } else { "" };
    let what =
        format!("a shell would read the {unquoted}value {shown:?}{more}, which has {bad:?}, as more than a word");
    places.add(pointer, what);
}

/// The most characters of a value that are shown.
const SHOWN_CHARS_MAX: usize = 40;

/// True for a character that no shell gives a meaning to.
fn is_of_a_word(character: char) -> bool {
    character.is_alphanumeric() || "_.:@+=,/-".contains(character)
}

/// The quotes that are open behind a text, by the rules of POSIX.
fn quotes(text: &str) -> Quotes {
    let (mut open, mut escaped) = (Quotes::None, false);
    for character in text.chars() {
        open = match (open, character) {
            _ if escaped => open,
            (Quotes::None, '\'') => Quotes::Single,
            (Quotes::None, '"') => Quotes::Double,
            (Quotes::Single, '\'') | (Quotes::Double, '"') => Quotes::None,
            (open, _) => open,
        };
        escaped = !escaped && character == '\\' && open != Quotes::Single;
    }
    open
}
