//! Which file uses what another file defines: names are followed through `use` and `pub use` to their definitions.
//!
//! Only names are resolved. A method call does not depend on the file with its `impl`.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Module, modules};

/// The names that each file uses of others: `[user][definer]`.
pub(crate) type Edges<'a> = BTreeMap<&'a str, BTreeMap<&'a str, BTreeSet<&'a str>>>;

/// The files of a crate and their dependencies.
pub(crate) struct Graph<'a> {
    pub edges: Edges<'a>,
    /// Unresolved paths into the crate, as `file: path`. The crate compiles, so this graph does not support them.
    pub unresolved: BTreeSet<String>,
}

impl<'a> Graph<'a> {
    /// The graph of the library with its root in the folder `root`, without its tests.
    pub(crate) fn new(root: &str, files: &'a [(String, String)]) -> Self {
        let library = Library::new(root, files);
        let mut graph = Self { edges: Edges::new(), unresolved: BTreeSet::new() };
        for module in library.modules.values() {
            graph.edges.entry(module.file).or_default();
            for import in &module.imports {
                graph.add(module, &import.path, !import.exported, &library);
            }
            for path in &module.uses {
                graph.add(module, path, true, &library);
            }
        }
        graph
    }

    /// Resolves a path in a module; `is_use` is false for re-exports, which are no dependency.
    fn add(&mut self, module: &Module<'a>, path: &[&'a str], is_use: bool, library: &Library<'a>) {
        let targets = library.resolve(module, path, &mut BTreeSet::new());
        if targets.is_empty() && matches!(path, ["crate" | "self" | "super", _, ..]) {
            self.unresolved.insert(format!("{}: {}", module.file, path.join("::")));
        }
        for target in targets {
            let Target::Item { file, name } = target else { continue };
            if is_use && file != module.file {
                self.edges.entry(module.file).or_default().entry(file).or_default().insert(name);
            }
        }
    }
}

/// The modules of a library, by their paths.
struct Library<'a> {
    modules: BTreeMap<Vec<&'a str>, Module<'a>>,
}

/// The target of a path.
enum Target<'a> {
    Module(Vec<&'a str>),
    Item { file: &'a str, name: &'a str },
}

/// The names being looked up, each with its module: two globs may name one another.
type Pending<'a> = BTreeSet<(Vec<&'a str>, &'a str)>;

impl<'a> Library<'a> {
    fn new(root: &str, files: &'a [(String, String)]) -> Self {
        let mut found = BTreeMap::new();
        for (file, text) in files {
            let Some(inside) = file.strip_prefix(root).filter(|inside| *inside != "main.rs") else { continue };
            let parts = inside.trim_end_matches(".rs").split('/');
            let path: Vec<&str> = parts.filter(|part| !matches!(*part, "mod" | "lib")).collect();
            if !path.contains(&"tests") {
                found.extend(modules(file, path, text).into_iter().map(|module| (module.path.clone(), module)));
            }
        }
        Self { modules: found }
    }

    /// The targets of a path in a module; none if it leads to another crate.
    fn resolve(&self, from: &Module<'a>, path: &[&'a str], pending: &mut Pending<'a>) -> Vec<Target<'a>> {
        let Some((first, rest)) = path.split_first() else { return Vec::new() };
        let mut found = match *first {
            "crate" => vec![Target::Module(Vec::new())],
            "self" => vec![Target::Module(from.path.clone())],
            "super" => vec![Target::Module(above(&from.path))],
            name => self.look_up(&from.path, name, pending),
        };
        for name in rest {
            let mut modules = Vec::new();
            for target in &found {
                match target {
                    Target::Module(path) => modules.push(path),
                    Target::Item { .. } => {}
                }
            }
            // The part after a type is a variant or an associated item.
            if !modules.is_empty() {
                found = modules.into_iter().flat_map(|path| self.below(path, name, pending)).collect();
            }
        }
        found
    }

    /// The targets of the next part of a path.
    fn below(&self, path: &[&'a str], name: &'a str, pending: &mut Pending<'a>) -> Vec<Target<'a>> {
        if name == "super" { vec![Target::Module(above(path))] } else { self.look_up(path, name, pending) }
    }

    /// The targets of a name in a module: defined, imported or re-exported there.
    fn look_up(&self, path: &[&'a str], name: &'a str, pending: &mut Pending<'a>) -> Vec<Target<'a>> {
        let mut found = Vec::new();
        let below: Vec<&str> = path.iter().copied().chain([name]).collect();
        if self.modules.contains_key(&below) {
            found.push(Target::Module(below));
        }
        let Some(module) = self.modules.get(path) else { return found };
        if !pending.insert((path.to_vec(), name)) {
            return found;
        }
        if module.items.contains(name) {
            found.push(Target::Item { file: module.file, name });
        }
        for import in &module.imports {
            if import.name == name {
                found.extend(self.resolve(module, &import.path, pending));
            } else if import.name == "*" {
                found.extend(self.look_into(module, &import.path, name, pending));
            }
        }
        pending.remove(&(path.to_vec(), name));
        found
    }

    /// The targets of a name in the modules of a glob.
    fn look_into(
        &self,
        module: &Module<'a>,
        glob: &[&'a str],
        name: &'a str,
        pending: &mut Pending<'a>,
    ) -> Vec<Target<'a>> {
        let mut found = Vec::new();
        for target in self.resolve(module, glob, pending) {
            if let Target::Module(path) = target {
                found.extend(self.look_up(&path, name, pending));
            }
        }
        found
    }
}

/// The module around a module.
fn above<'a>(path: &[&'a str]) -> Vec<&'a str> {
    path.split_last().map_or_else(Vec::new, |(_, above)| above.to_vec())
}
