//! Values in the text of a shell, as they stand or by way of variables: what it would read as more than a word is refused.

use std::ops::Range;

use super::definition::{Definition, Setting};
use super::place::{Places, strings, unescaped};
use super::shell::{Around, is_of_a_word, more_than_a_word};
use super::variable::{self, Uses};

/// The properties that a shell reads, as a text or as a list of texts.
const SHELL: [&str; 5] = ["Command", "Script", "PreCommand", "PostCommand", "Arguments"];

/// A value in a variable.
struct Assigned {
    pointer: String,
    around: Around,
    written: String,
}

pub(super) fn values(definition: &Definition<'_>, places: &mut Places) {
    let setting = definition.setting;
    let part = |range: &Range<usize>| setting.text.get(range.clone()).unwrap_or_default();
    // Ids and numbers are harmless anywhere, and then the text is not read again.
    if setting.values.iter().all(|range| part(range).chars().all(is_of_a_word)) {
        return;
    }
    let (mut assigned, mut uses) = (Vec::new(), Uses::default());
    strings(setting.text, |key, contents, pointer| {
        let is_shell = SHELL.contains(&key);
        let has_values = inside(&setting, &contents).next().is_some();
        if !has_values && !part(&contents).contains(variable::PREFIX) {
            return;
        }
        let pointer = pointer();
        let set = definition.set_variables.get(&pointer).map(String::as_str);
        if !is_shell && set.is_none() && variable::of_pointer(&pointer).is_none() {
            return;
        }
        let parts = parts(&setting, &contents);
        uses.add(&pointer, set, &masked(&parts));
        for (index, part) in parts.iter().enumerate() {
            let (Part::Value(written), Some((before, after))) = (part, parts.split_at_checked(index)) else { continue };
            let around = Around { before: masked(before), after: masked(after.get(1..).unwrap_or_default()) };
            if is_shell {
                judge(&pointer, &around, written, places);
            } else {
                assigned.push(Assigned { pointer: pointer.clone(), around, written: written.clone() });
            }
        }
    });
    for Assigned { pointer, around, written } in assigned {
        let set = definition.set_variables.get(&pointer).map(String::as_str);
        let Some((owner, name)) = variable::of(&pointer, set) else { continue };
        for around in uses.of(owner, &name, around) {
            judge(&pointer, &around, &written, places);
        }
    }
}

/// Adds a value that is more than a word to a shell in this place.
fn judge(pointer: &str, around: &Around, written: &str, places: &mut Places) {
    if let Some(what) = more_than_a_word(around, written) {
        places.add(pointer, what);
    }
}

/// The values in the string with these contents.
fn inside<'a>(setting: &Setting<'a>, contents: &Range<usize>) -> impl Iterator<Item = &'a Range<usize>> + use<'a> {
    let (values, end) = (setting.values, contents.end);
    let first = values.partition_point(|value| value.end <= contents.start);
    values.iter().skip(first).take_while(move |value| value.start < end)
}

/// A part of a string.
enum Part {
    /// What the template has written, or a value that is harmless anywhere.
    Text(String),
    /// A value that a shell may give a meaning to.
    Value(String),
}

/// The parts of the string with these contents.
fn parts(setting: &Setting<'_>, contents: &Range<usize>) -> Vec<Part> {
    let text = |range: Range<usize>| unescaped(setting.text.get(range).unwrap_or_default());
    let (mut parts, mut at) = (Vec::new(), contents.start);
    for value in inside(setting, contents) {
        // A value that brings its quotes with it reaches beyond the contents.
        let (start, end) = (value.start.max(at), value.end.min(contents.end));
        let written = text(start..end);
        parts.push(Part::Text(text(at..start)));
        let is_harmless = written.chars().all(is_of_a_word) || (setting.is_constant)(&written);
        parts.push(if is_harmless { Part::Text(written) } else { Part::Value(written) });
        at = end;
    }
    parts.push(Part::Text(text(at..contents.end)));
    parts
}

/// The text of parts, in which a letter stands for each value: each is judged by itself, and by the others' place only.
fn masked(parts: &[Part]) -> String {
    let texts = parts.iter().map(|part| match part {
        Part::Text(text) => text.as_str(),
        Part::Value(_) => "_",
    });
    texts.collect()
}
