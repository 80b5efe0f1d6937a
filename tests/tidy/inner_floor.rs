//! The floors within `runtime`: a module's code uses modules of lower inner floors only. Comments may name any.

use std::collections::BTreeSet;

use super::graph::{Edges, Graph};
use super::{RUNTIME_FLOORS, files};

const ROOT: &str = "src/runtime/";

/// The module directly below `runtime` that a file belongs to; `mod` for the one that holds the map.
fn module_of(file: &str) -> Option<&str> {
    let (module, _) = file.strip_prefix(ROOT)?.split_once(['/', '.'])?;
    Some(module)
}

fn floor_of(module: &str) -> Option<usize> {
    RUNTIME_FLOORS.iter().position(|modules| modules.contains(&module))
}

/// Every use of a module above or on the same floor, as `file: rule`.
fn broken(edges: &Edges<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (file, used) in edges {
        let Some(own) = module_of(file).filter(|own| *own != "mod") else { continue };
        for (other, names) in used {
            let Some(other) = module_of(other).filter(|other| *other != own) else { continue };
            if let Some(rule) = rule(own, other) {
                let names: Vec<&str> = names.iter().copied().collect();
                broken.push(format!("{file}: {rule}: {}", names.join(", ")));
            }
        }
    }
    broken
}

/// The rule that forbids one module to use another; `None` if it may.
fn rule(own: &str, other: &str) -> Option<String> {
    if other == "mod" {
        return Some(format!("`{own}` uses what {ROOT}mod.rs defines, which is above all"));
    }
    let floor = floor_of(own)?;
    match floor_of(other) {
        Some(lower) if lower < floor => None,
        Some(other_floor) => {
            Some(format!("`{own}` is on inner floor {floor} and must not use `{other}` on inner floor {other_floor}"))
        }
        None => Some(format!("`{own}` is on inner floor {floor} and must not use `{other}`, which has none")),
    }
}

#[test]
fn the_runtime_keeps_its_inner_floors() {
    let files = files("src");
    let broken = broken(&Graph::new("src/", &files).edges);
    assert!(broken.is_empty(), "{} broken rules:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn every_module_of_the_runtime_has_a_floor() {
    let files = files(ROOT);
    let modules: BTreeSet<&str> = files.iter().filter_map(|(file, _)| module_of(file)).collect();
    let modules: Vec<&str> = modules.into_iter().filter(|module| *module != "mod").collect();
    let mut known: Vec<&str> = RUNTIME_FLOORS.concat();
    known.sort_unstable();
    assert_eq!(modules, known, "{ROOT} and the table RUNTIME_FLOORS in tests/tidy.rs");
}

/// The broken rules if a file of one module uses a type of another.
fn broken_by(file: &str, other: &str) -> Vec<String> {
    let text = |other: &str| format!("use crate::runtime::{other}T;\npub struct T;");
    let files = [
        (format!("{ROOT}{file}.rs"), text(&format!("{other}::"))),
        (format!("{ROOT}{other}.rs"), "pub struct T;".to_owned()),
        (format!("{ROOT}mod.rs"), "mod a;\npub struct Above;".to_owned()),
    ];
    broken(&Graph::new("src/", &files).edges)
}

#[test]
fn a_module_that_uses_one_on_its_floor_or_above_is_found() {
    let (ground, next) = (RUNTIME_FLOORS[0], RUNTIME_FLOORS[1]);
    assert_eq!(broken_by(next[0], ground[0]), Vec::<String>::new());
    assert_eq!(broken_by(&format!("{}/deep", next[0]), ground[0]), Vec::<String>::new());
    for other in [ground[1], next[0]] {
        let found = broken_by(&format!("{}/deep", ground[0]), other).concat();
        assert!(found.starts_with(&format!("{ROOT}{}/deep.rs: ", ground[0])), "{found}");
        assert!(found.contains(&format!("must not use `{other}`")) && found.ends_with(": T"), "{found}");
    }
    assert!(rule(ground[0], "nowhere").is_some_and(|rule| rule.contains("`nowhere`")));
    assert_eq!(rule("nowhere", ground[0]), None);
    for own in [ground[0], "nowhere"] {
        assert!(rule(own, "mod").is_some_and(|rule| rule.contains("above all")));
    }
}
