//! The definitions, imports and paths of a source file's modules: enough of Rust's grammar to resolve names.

use std::collections::BTreeSet;

use super::code::without_tests;

/// The module of a file, or an inline module.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Module<'a> {
    /// Its path in the repository.
    pub file: &'a str,
    /// Its path in the crate; empty for the root.
    pub path: Vec<&'a str>,
    /// The names of its types, traits, functions and constants.
    pub items: BTreeSet<&'a str>,
    pub imports: Vec<Import<'a>>,
    /// The paths in its code.
    pub uses: Vec<Vec<&'a str>>,
}

/// One name of a `use`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Import<'a> {
    /// The imported name; `*` for every name of the path.
    pub name: &'a str,
    pub path: Vec<&'a str>,
    /// True for `pub use` and `pub(..) use`.
    pub exported: bool,
}

/// Keywords that define the next name.
const DEFINING: [&str; 8] = ["const", "enum", "fn", "static", "struct", "trait", "type", "union"];

/// The modules of a file, its own first, without those that are compiled for tests only.
pub(crate) fn modules<'a>(file: &'a str, path: Vec<&'a str>, text: &'a str) -> Vec<Module<'a>> {
    let own = Module { file, path, ..Module::default() };
    let mut reader = Reader { code: without_tests(text), at: 0, modules: vec![own], braces: Vec::new() };
    while !reader.word(0).is_empty() {
        reader.step();
    }
    reader.modules
}

struct Reader<'a> {
    code: Vec<&'a str>,
    at: usize,
    modules: Vec<Module<'a>>,
    /// The open braces, each with the inline module that it opens, if any.
    braces: Vec<Option<usize>>,
}

impl<'a> Reader<'a> {
    /// The token this far from here; empty past the end.
    fn word(&self, ahead: usize) -> &'a str {
        self.code.get(self.at + ahead).copied().unwrap_or_default()
    }

    /// The token this far before here.
    fn before(&self, back: usize) -> &'a str {
        self.at.checked_sub(back).and_then(|at| self.code.get(at)).copied().unwrap_or_default()
    }

    fn module(&mut self) -> &mut Module<'a> {
        let index = self.braces.iter().rev().find_map(|brace| *brace).unwrap_or_default();
        self.modules.get_mut(index).unwrap()
    }

    fn step(&mut self) {
        match (self.word(0), self.word(1)) {
            ("mod", name) if self.word(2) == "{" => return self.open(name),
            ("mod", _) => self.at += 1,
            ("use", next) if next != "<" => return self.import(),
            ("pub", _) => {}
            ("{", _) => self.braces.push(None),
            ("}", _) => drop(self.braces.pop()),
            (word, name) if DEFINING.contains(&word) && is_name(name) && !DEFINING.contains(&name) => {
                if self.braces.last().is_none_or(Option::is_some) {
                    self.module().items.insert(name);
                }
                self.at += 1;
            }
            (word, _) if is_name(word) && !self.is_member() => return self.path(),
            _ => {}
        }
        self.at += 1;
    }

    fn open(&mut self, name: &'a str) {
        let own = self.module();
        let path = own.path.iter().copied().chain([name]).collect();
        let inner = Module { file: own.file, path, ..Module::default() };
        self.braces.push(Some(self.modules.len()));
        self.modules.push(inner);
        self.at += 3;
    }

    /// True for a field, a method, a lifetime, or a name after a type, which are not resolved in the module.
    fn is_member(&self) -> bool {
        match self.before(1) {
            "." => self.before(2) != ".",
            before => matches!(before, "::" | "'"),
        }
    }

    fn path(&mut self) {
        let path = self.names();
        // A lower-case word by itself is a variable, unless it is called.
        let alone = path.len() == 1 && path.iter().all(|name| name.starts_with(char::is_lowercase));
        if !alone || self.word(0) == "(" {
            self.module().uses.push(path);
        }
    }

    /// The next names, joined by `::`.
    fn names(&mut self) -> Vec<&'a str> {
        let mut names = Vec::new();
        while is_name(self.word(0)) {
            names.push(self.word(0));
            self.at += 1;
            if self.word(0) != "::" || !is_name(self.word(1)) {
                break;
            }
            self.at += 1;
        }
        names
    }

    fn import(&mut self) {
        let exported = matches!(self.before(1), "pub" | ")");
        self.at += 1;
        self.tree(&[], exported);
    }

    /// One path of a `use`, or the group at its end.
    fn tree(&mut self, prefix: &[&'a str], exported: bool) {
        let mut path = prefix.to_vec();
        path.extend(self.names());
        if self.word(0) == "::" {
            self.at += 1;
        }
        match self.word(0) {
            "{" => {
                while !matches!(self.word(0), "}" | "") {
                    self.at += 1;
                    if self.word(0) != "}" {
                        self.tree(&path, exported);
                    }
                }
                self.at += 1;
            }
            "*" => {
                self.at += 1;
                self.module().imports.push(Import { name: "*", path, exported });
            }
            word => {
                path.pop_if(|last| *last == "self" && !prefix.is_empty());
                let mut name = path.last().copied().unwrap_or_default();
                if word == "as" {
                    name = self.word(1);
                    self.at += 2;
                }
                self.module().imports.push(Import { name, path, exported });
            }
        }
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_alphabetic() || first == '_') && word != "as"
}

#[test]
fn definitions_imports_and_paths_of_a_file_are_read() {
    let text = "pub(super) use a::{self, b::C as D, e::*};\nuse f::g;\n\
        impl H { fn method(&self) -> crate::I { self.field.call(); j(k, 'l', K::m::<N>()) } }\n\
        const O: u8 = 1;\nmod inner { struct P; }\n#[cfg(test)]\n#[q]\nmod r { use s::T; }\nfn u() { struct V; }\n\
        #[cfg(test)]\nfn w() -> [u8; 3] { X }";
    let found = modules("a/y.rs", vec!["y"], text);
    let [own, inner] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((inner.path.as_slice(), inner.items.contains("P")), (["y", "inner"].as_slice(), true));
    assert_eq!(own.items, BTreeSet::from(["O", "u"]));
    let imports: Vec<(&str, String, bool)> =
        own.imports.iter().map(|import| (import.name, import.path.join("::"), import.exported)).collect();
    let expected = [("a", "a", true), ("D", "a::b::C", true), ("*", "a::e", true), ("g", "f::g", false)];
    assert_eq!(imports, expected.map(|(name, path, exported)| (name, path.to_owned(), exported)));
    let uses: Vec<String> = own.uses.iter().map(|path| path.join("::")).collect();
    assert_eq!(uses, ["H", "crate::I", "j", "K::m", "N"]);
}
