//! Circular dependencies of files, also indirect ones, are refused: each file can be read after those that it uses.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::files;
use super::graph::{Edges, Graph};

/// Each circle of files, with the names that they use of each other, as lines of text.
fn circles(edges: &Edges<'_>) -> Vec<String> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = edges.keys().map(|file| (*file, reached(edges, file))).collect();
    let (mut reported, mut found) = (BTreeSet::new(), Vec::new());
    for (file, reach) in &reached {
        let uses_it = |other: &&str| reached.get(other).is_some_and(|back| back.contains(file));
        let circle: BTreeSet<&str> = reach.iter().copied().filter(uses_it).collect();
        if !circle.is_empty() && !reported.contains(file) {
            found.push(describe(&circle, edges));
        }
        reported.extend(circle);
    }
    found
}

/// The files that a file uses, directly or indirectly; the file itself only if it is in a circle.
fn reached<'a>(edges: &Edges<'a>, from: &str) -> BTreeSet<&'a str> {
    let (mut found, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(file) = next.pop() {
        for other in edges[file].keys() {
            if found.insert(*other) {
                next.push(other);
            }
        }
    }
    found
}

fn describe(circle: &BTreeSet<&str>, edges: &Edges<'_>) -> String {
    let mut text = format!("a circle of {} files: move the shared names to a file that all may use", circle.len());
    for file in circle {
        for (other, names) in edges[file].iter().filter(|(other, _)| circle.contains(*other)) {
            let names: Vec<&str> = names.iter().copied().collect();
            write!(text, "\n    {file} uses {} of {other}", names.join(", ")).unwrap();
        }
    }
    text
}

#[test]
fn no_files_of_the_source_use_each_other() {
    let files = files("src");
    let graph = Graph::new("src/", &files);
    assert!(graph.unresolved.is_empty(), "paths that tests/tidy/graph.rs does not understand: {:#?}", graph.unresolved);
    let found = circles(&graph.edges);
    assert!(found.is_empty(), "{} circles:\n{}", found.len(), found.join("\n"));
}

/// The circles of a crate with these files.
fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<(String, String)> =
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let graph = Graph::new("src/", &files);
    assert!(graph.unresolved.is_empty(), "{:#?}", graph.unresolved);
    circles(&graph.edges)
}

/// Checks that there is exactly one circle, with exactly these uses.
fn has_one_circle(files: &[(&str, &str)], uses: &[&str]) {
    let found = circles_of(files);
    let [circle] = found.as_slice() else { panic!("{files:#?}\n{found:#?}") };
    let lines: Vec<&str> = circle.lines().skip(1).map(str::trim).collect();
    assert_eq!(lines, uses);
}

fn has_none(files: &[(&str, &str)]) {
    assert_eq!(circles_of(files), Vec::<String>::new(), "{files:#?}");
}

#[test]
fn two_files_that_use_each_other_are_a_circle() {
    has_one_circle(
        &[("src/a.rs", "use crate::b::B;\npub struct A(B);"), ("src/b.rs", "pub struct B;\nfn f(a: crate::a::A) {}")],
        &["src/a.rs uses B of src/b.rs", "src/b.rs uses A of src/a.rs"],
    );
    has_none(&[("src/a.rs", "use crate::b::B;\npub struct A(B);"), ("src/b.rs", "// crate::a::A\npub struct B;")]);
}

#[test]
fn a_circle_may_be_indirect() {
    has_one_circle(
        &[
            ("src/a.rs", "use crate::b; pub fn a() { b::b() }"),
            ("src/b.rs", "use crate::c::C; pub fn b() { C::new() }"),
            ("src/c.rs", "pub struct C;\nimpl C { pub fn new() { crate::a::a() } }"),
            ("src/d.rs", "use crate::a::a;"),
        ],
        &["src/a.rs uses b of src/b.rs", "src/b.rs uses C of src/c.rs", "src/c.rs uses a of src/a.rs"],
    );
}

#[test]
fn names_are_followed_through_reexports() {
    let one = ("src/m/one.rs", "use super::{Second, third::T};\npub struct One;");
    let two = ("src/m/two.rs", "use crate::m::One;\npub struct Two;");
    let uses = ["src/m/one.rs uses Two of src/m/two.rs", "src/m/two.rs uses One of src/m/one.rs"];
    let third = ("src/m/third.rs", "pub struct T;");
    for exports in [
        "pub use self::one::One;\npub(super) use two::Two as Second;",
        "pub use one::*;\npub(in crate::m) use two::{Two as Second, Two as _};",
    ] {
        has_one_circle(&[("src/m/mod.rs", exports), one, two, third], &uses);
    }
}

#[test]
fn a_parent_that_only_exports_is_in_no_circle() {
    has_none(&[
        ("src/m/mod.rs", "mod one;\nmod two;\npub use one::One;\npub use two::Two;"),
        ("src/m/one.rs", "pub struct One;"),
        ("src/m/two.rs", "use super::One;\npub struct Two;"),
    ]);
}

#[test]
fn a_parent_and_a_child_that_use_each_other_are_a_circle() {
    let child = ("src/m/child.rs", "use super::Parent;\npub struct Child;\nfn f(p: Parent) {}");
    let uses = ["src/m/child.rs uses Parent of src/m/mod.rs", "src/m/mod.rs uses Child of src/m/child.rs"];
    has_one_circle(&[("src/m/mod.rs", "use child::Child; pub struct Parent;"), child], &uses);
    has_one_circle(&[("src/m/mod.rs", "pub use child::Child; pub struct Parent(Child);"), child], &uses);
    has_none(&[("src/m/mod.rs", "pub use child::Child; pub struct Parent;"), child]);
}

#[test]
fn paths_in_code_and_in_groups_count() {
    has_one_circle(
        &[
            ("src/m/a.rs", "pub const A: u8 = super::b::inner::start(1);"),
            ("src/m/b.rs", "pub mod inner { use super::super::{a::{self as first}}; fn start() { first::A } }"),
        ],
        &["src/m/a.rs uses start of src/m/b.rs", "src/m/b.rs uses A of src/m/a.rs"],
    );
}

#[test]
fn tests_are_in_no_circle() {
    has_none(&[
        ("src/a.rs", "use crate::b::B;\npub struct A;\n#[cfg(test)]\nmod tests;"),
        ("src/a/tests.rs", "use super::A;"),
        ("src/b.rs", "pub struct B;\n#[cfg(test)]\nmod tests { use crate::a::A; fn f() {} }"),
        ("src/c.rs", "pub fn c() {}\n#[cfg(test)]\nfn f(a: crate::a::A) {}"),
    ]);
}
