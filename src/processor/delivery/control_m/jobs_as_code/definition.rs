//! The folders and jobs of a definition, with what they inherit.

use std::ops::Range;

use serde_json::Value;

use super::event::{self, Defaults, Events};
use super::object::{Object, text};
use super::place::below;

/// The key of the properties that all objects inherit.
const DEFAULTS: &str = "Defaults";

/// What a definition is judged with beside itself.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    /// The text of the definition.
    pub(super) text: &'a str,
    /// The parts of the text that values have written, in order.
    pub(super) values: &'a [Range<usize>],
    /// The names of events that somebody else adds, `*` for any text.
    pub(super) external: &'a [String],
    /// The events that are added to an incomplete bundle.
    pub(super) waiting: Waiting<'a>,
    /// True for a text that stands in the template itself.
    pub(super) is_constant: &'a dyn Fn(&str) -> bool,
}

/// What a folder waits for that is submitted before its bundle is complete.
#[derive(Clone, Copy, Debug, Default)]
pub struct Waiting<'a> {
    /// The names of the events that are added without a date as members come; empty for a complete bundle.
    pub signals: &'a [String],
    /// The days for which it may wait.
    pub days: u32,
}

/// A definition, taken apart.
pub(super) struct Definition<'a> {
    pub(super) setting: Setting<'a>,
    pub(super) folders: Vec<Folder<'a>>,
    /// The names of members at the top that are no objects.
    pub(super) strays: Vec<&'a str>,
    /// The objects of defaults whose members others have, too.
    pub(super) defaults: Vec<Defaults<'a>>,
}

/// A folder, with the jobs and flows of its sub-folders.
pub(super) struct Folder<'a> {
    pub(super) name: &'a str,
    pub(super) pointer: String,
    pub(super) body: &'a Object,
    pub(super) inherited: Vec<&'a Object>,
    pub(super) events: Events<'a>,
    pub(super) jobs: Vec<Job<'a>>,
    pub(super) flows: Vec<Flow<'a>>,
    /// The names of its sub-folders.
    pub(super) sub_folders: Vec<&'a str>,
}

/// A job.
pub(super) struct Job<'a> {
    pub(super) name: &'a str,
    pub(super) pointer: String,
    /// The type without `Job:`.
    pub(super) kind: &'a str,
    pub(super) body: &'a Object,
    /// What it inherits from, nearest first.
    pub(super) inherited: Vec<&'a Object>,
    pub(super) events: Events<'a>,
}

/// A sequence of jobs.
pub(super) struct Flow<'a> {
    pub(super) pointer: String,
    pub(super) sequence: Vec<&'a str>,
}

impl<'a> Definition<'a> {
    pub(super) fn of(object: &'a Object, setting: Setting<'a>) -> Self {
        let defaults = object.get(DEFAULTS).and_then(Value::as_object);
        let (mut folders, mut strays) = (Vec::new(), Vec::new());
        for (name, value) in object.iter().filter(|(name, _)| *name != DEFAULTS) {
            match value.as_object() {
                Some(body) => folders.push(Folder::of(name, body, defaults)),
                None => strays.push(name.as_str()),
            }
        }
        let of = |kind| defaults.and_then(|defaults| defaults.get(kind)).and_then(Value::as_object);
        let defaults = [("/Defaults/Folder", of("Folder")), ("/Defaults/Job", of("Job"))];
        let defaults = defaults.into_iter().filter_map(|(pointer, object)| Some((pointer, object?))).collect();
        Self { setting, folders, strays, defaults }
    }

    /// All jobs.
    pub(super) fn jobs(&self) -> impl Iterator<Item = &Job<'a>> {
        self.folders.iter().flat_map(|folder| &folder.jobs)
    }

    /// The events of all folders and jobs, with the pointer of each.
    pub(super) fn events(&self) -> impl Iterator<Item = (&str, &Events<'a>)> {
        let of_folders = self.folders.iter().map(|folder| (folder.pointer.as_str(), &folder.events));
        of_folders.chain(self.jobs().map(|job| (job.pointer.as_str(), &job.events)))
    }
}

impl<'a> Folder<'a> {
    fn of(name: &'a str, body: &'a Object, defaults: Option<&'a Object>) -> Self {
        let of = |kind| defaults.and_then(|defaults| defaults.get(kind)).and_then(Value::as_object);
        let (of_folders, of_jobs) = (of("Folder"), of("Job"));
        let pointer = below("", name);
        let mut folder = Self {
            name,
            events: event::of(&pointer, body, of_folders.map(|object| ("/Defaults/Folder", object))),
            pointer: pointer.clone(),
            body,
            inherited: of_folders.into_iter().chain(defaults).collect(),
            jobs: Vec::new(),
            flows: Vec::new(),
            sub_folders: Vec::new(),
        };
        let from = [Some(body), of_jobs, defaults].into_iter().flatten().collect();
        let of_jobs = of_jobs.map(|object| ("/Defaults/Job", object));
        folder.collect(&pointer, body, &Inherited { of_jobs, from });
        folder
    }

    /// Appends the jobs and flows of an object and of the sub-folders in it. The parser bounds how deep they can be.
    fn collect(&mut self, pointer: &str, object: &'a Object, inherited: &Inherited<'a>) {
        for (name, value) in object {
            match value {
                Value::Object(body) => self.member(name, || below(pointer, name), body, inherited),
                Value::Array(jobs) if name == "Jobs" => {
                    for (index, body) in
                        jobs.iter().enumerate().filter_map(|(index, job)| Some((index, job.as_object()?)))
                    {
                        self.member(text(body, "Name"), || format!("{pointer}/Jobs/{index}"), body, inherited);
                    }
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {}
            }
        }
    }

    fn member(&mut self, name: &'a str, pointer: impl Fn() -> String, body: &'a Object, inherited: &Inherited<'a>) {
        let kind = text(body, "Type");
        if let Some(kind) = kind.strip_prefix("Job:") {
            let pointer = pointer();
            let events = event::of(&pointer, body, inherited.of_jobs);
            self.jobs.push(Job { name, pointer, kind, body, inherited: inherited.from.clone(), events });
        } else if kind == "Flow" {
            let names = body.get("Sequence").and_then(Value::as_array).into_iter().flatten();
            let sequence = names.map(|name| name.as_str().unwrap_or_default()).collect();
            self.flows.push(Flow { pointer: pointer(), sequence });
        } else if kind == "SubFolder" {
            self.sub_folders.push(name);
            let from = std::iter::once(body).chain(inherited.from.iter().copied()).collect();
            self.collect(&pointer(), body, &Inherited { from, of_jobs: inherited.of_jobs });
        }
    }
}

/// What jobs inherit.
struct Inherited<'a> {
    /// `Defaults.Job`, whose objects each job has, too.
    of_jobs: Option<Defaults<'a>>,
    /// All objects whose properties they have, nearest first.
    from: Vec<&'a Object>,
}
