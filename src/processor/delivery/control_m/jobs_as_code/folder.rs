//! Rules for folders: their types, names and servers, and that they have jobs.

use std::collections::BTreeSet;

use serde_json::Value;

use super::definition::Definition;
use super::job::days_kept;
use super::limit::NAME_CHARS_MAX;
use super::object::{property, text};
use super::place::{Places, below};

/// The types of folders.
const TYPES: [&str; 2] = ["Folder", "SimpleFolder"];

/// True for a character that no folder's name may contain (BMC, Creating a Folder): blank `' $ / * ? "` and the special
/// characters of Latin-1.
pub(in super::super) fn is_forbidden(character: char) -> bool {
    // In the upper half of Latin-1 only U+00A0 to U+00BF, the multiplication sign and the division sign are not letters.
    let special = matches!(character, '\u{A0}'..='\u{BF}' | '\u{D7}' | '\u{F7}');
    special || character.is_whitespace() || character.is_control() || "'$/*?\"".contains(character)
}

pub(super) fn any(definition: &Definition<'_>, places: &mut Places) {
    for name in &definition.strays {
        places.add(below("", name), format!("`{name}` is no object"));
    }
    if definition.folders.is_empty() {
        places.add("", "there is no folder");
    }
}

pub(super) fn types(definition: &Definition<'_>, places: &mut Places) {
    for folder in &definition.folders {
        let kind = text(folder.body, "Type");
        if !TYPES.contains(&kind) {
            places.add(below(&folder.pointer, "Type"), format!("`{kind}` is no type of a folder"));
        }
    }
}

pub(super) fn names(definition: &Definition<'_>, places: &mut Places) {
    for folder in &definition.folders {
        let chars = folder.name.chars().count();
        if !(1..=NAME_CHARS_MAX).contains(&chars) {
            places.add(folder.pointer.as_str(), format!("the folder's name has {chars} characters"));
        }
        if let Some(bad) = folder.name.chars().find(|character| is_forbidden(*character)) {
            places.add(folder.pointer.as_str(), format!("the folder's name has {bad:?}"));
        }
    }
}

pub(super) fn servers(definition: &Definition<'_>, places: &mut Places) {
    for folder in &definition.folders {
        if property(folder.body, &folder.inherited, "ControlmServer").is_none() {
            places.add(folder.pointer.as_str(), "the folder names no `ControlmServer`");
        }
    }
}

/// Folders that may be gone after New Day, so that an empty look-up is taken for proof that they were not submitted.
pub(super) fn removed(definition: &Definition<'_>, places: &mut Places) {
    for folder in definition.folders.iter().filter(|folder| !folder.jobs.is_empty()) {
        let policy = property(folder.body, &folder.inherited, "ActiveRetentionPolicy");
        if policy.and_then(Value::as_str) == Some("CleanEndedOK") {
            places
                .add(folder.pointer.as_str(), "New Day removes the folder if its jobs have ended OK (`CleanEndedOK`)");
        } else if folder.jobs.iter().all(|job| days_kept(job) == Some(0)) {
            let what = "New Day removes the folder, because neither it nor one of its jobs has `DaysKeepActive`";
            places.add(folder.pointer.as_str(), what);
        }
    }
}

pub(super) fn jobs(definition: &Definition<'_>, places: &mut Places) {
    for folder in definition.folders.iter().filter(|folder| folder.jobs.is_empty()) {
        places.add(folder.pointer.as_str(), "the folder has no job");
    }
}

pub(super) fn flows(definition: &Definition<'_>, places: &mut Places) {
    for folder in definition.folders.iter().filter(|folder| !folder.flows.is_empty()) {
        let names: BTreeSet<&str> =
            folder.jobs.iter().map(|job| job.name).chain(folder.sub_folders.iter().copied()).collect();
        for flow in &folder.flows {
            let pointer = below(&flow.pointer, "Sequence");
            if flow.sequence.len() < 2 {
                places.add(pointer.as_str(), format!("the flow has {} jobs", flow.sequence.len()));
            }
            for name in flow.sequence.iter().filter(|name| !names.contains(*name)) {
                places.add(pointer.as_str(), format!("`{name}` is no job of the folder"));
            }
        }
    }
}
