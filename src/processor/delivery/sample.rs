//! Sample bundles, with which a template is rendered before the first bundle.
//!
//! They have few and many children, and are in time and late. Their payloads have every field that the template asks for: whether
//! events have it is not known here.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use crate::processor::bundle::NamedChildren;
use crate::template::{Sample, SamplePayload};

/// The id of sample bundles; it has letters, which a template must not change.
pub(super) const BUNDLE_ID: &str = "5a3e1c00-7b2d-4f6a-9c8e-d0b1a2c3e4f5";
/// The numbers of children of the samples beside the usual one, if parents state theirs.
const FEW: [usize; 3] = [1, FEW_MAX, 0];
/// More are unusual, unless the topology says so.
const FEW_MAX: usize = 3;

/// The numbers of children that bundles have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Children<'a> {
    /// The number if a parent states none.
    pub usual: usize,
    /// True if parents state theirs, so that any number is possible.
    pub varies: bool,
    /// True if bundles have a parent.
    pub has_parent: bool,
    /// Their names in their order, if they are counted by name; their numbers make up the usual one.
    pub names: &'a [NamedChildren],
}

/// A sample bundle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bundle {
    pub(super) children: usize,
    late: bool,
    pub(super) has_parent: bool,
}

/// The samples, those with the usual number of children first, and with `more` numbers if any is possible.
pub(super) fn bundles<'a>(children: Children<'a>, more: &'a [usize]) -> impl Iterator<Item = Bundle> + use<'a> {
    let others = FEW.iter().chain(more).copied().filter(move |other| children.varies && *other != children.usual);
    let in_time_and_late =
        move |number| [false, true].map(|late| Bundle { children: number, late, has_parent: children.has_parent });
    std::iter::once(children.usual).chain(others).flat_map(in_time_and_late)
}

impl Bundle {
    /// The names of its members as events: `parent-<id>`, `child-1-<id>`.
    pub(super) fn members(self) -> impl Iterator<Item = String> {
        let parent = self.has_parent.then(|| format!("parent-{BUNDLE_ID}"));
        parent.into_iter().chain((1..=self.children).map(|number| format!("child-{number}-{BUNDLE_ID}")))
    }

    /// True if bundles of this size are no exception.
    pub(super) fn is_usual(self, of: Children<'_>) -> bool {
        (of.usual.min(1)..=of.usual.max(FEW_MAX)).contains(&self.children)
    }
}

impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { children, late, has_parent } = self;
        let noun = if *children == 1 { "child" } else { "children" };
        let without = if *has_parent { "" } else { " and without a parent" };
        write!(f, "a sample bundle with {children} {noun}{without}, {}", if *late { "late" } else { "in time" })
    }
}

/// A sample bundle with payloads.
pub(super) struct Filled {
    pub(super) parent: Option<SamplePayload>,
    pub(super) children: Vec<SamplePayload>,
    pub(super) first_event_at: Value,
    pub(super) completed_at: Value,
    pub(super) late: Value,
}

impl Filled {
    pub(super) fn of(bundle: Bundle, sample: &Sample) -> Self {
        let mut payloads = (1..).take(bundle.children + 1).map(|seed| sample.payload(seed));
        let time = |hour: u32| json!(format!("2026-01-31T{hour:02}:30:00Z"));
        Self {
            parent: payloads.next().filter(|_| bundle.has_parent),
            children: payloads.collect(),
            first_event_at: time(9),
            completed_at: time(if bundle.late { 23 } else { 10 }),
            late: json!(bundle.late),
        }
    }

    /// The children by name; none if they are not counted by name.
    pub(super) fn by_name<'a>(&'a self, names: &'a [NamedChildren]) -> BTreeMap<&'a str, Vec<&'a SamplePayload>> {
        let mut rest = self.children.iter();
        let mut take =
            |named: &NamedChildren| rest.by_ref().take(usize::try_from(named.count).unwrap_or(usize::MAX)).collect();
        names.iter().map(|named| (&*named.name, take(named))).collect()
    }
}
