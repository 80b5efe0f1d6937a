//! The keys of a map: each is read by name, and unknown keys are problems.

use super::item::{Item, Read};
use super::node::Value;
use super::parse::join;
use super::problem::{Problem, closest};

/// The keys of one map. [`Fields::finish`] must be called last.
#[derive(Debug)]
pub struct Fields<'a> {
    map: Item<'a>,
    known: Vec<&'static str>,
}

impl<'a> Item<'a> {
    /// The keys of a map; a problem if this is not a map.
    pub fn fields(&self) -> Option<Fields<'a>> {
        if matches!(self.node().value, Value::Map(_)) {
            return Some(Fields { map: self.clone(), known: Vec::new() });
        }
        self.expected("a map", None)
    }
}

impl<'a> Fields<'a> {
    /// The item under a key; `None` if it is absent or null.
    pub fn item(&mut self, key: &'static str) -> Option<Item<'a>> {
        self.known.push(key);
        let node = self.map.node().get(key)?;
        (node.value != Value::Null).then(|| self.map.below(key, node))
    }

    /// The item under a required key; a problem if it is absent.
    pub fn required_item(&mut self, key: &'static str) -> Option<Item<'a>> {
        let item = self.item(key);
        if item.is_none() {
            self.missing(key, format!("add `{key}: ..`"));
        }
        item
    }

    /// The items under some keys, in their order, of which at least one must be there: when none is, the first is missing.
    pub fn at_least_one(&mut self, keys: &[&'static str]) -> Vec<Option<Item<'a>>> {
        let items: Vec<Option<Item<'a>>> = keys.iter().map(|key| self.item(key)).collect();
        if let Some(first) = keys.first().filter(|_| items.iter().all(Option::is_none)) {
            let all: Vec<String> = keys.iter().map(|key| format!("`{key}: ..`")).collect();
            self.missing(first, format!("add {}", all.join(" or ")));
        }
        items
    }

    /// The value under a required key; `None` with a problem.
    pub fn required<T: Read>(&mut self, key: &'static str) -> Option<T> {
        self.required_item(key)?.read()
    }

    /// Adds a problem for every key that was not read.
    pub fn finish(self) {
        for entry in self.map.node().entries() {
            if self.known.contains(&entry.key.as_str()) {
                continue;
            }
            let path = join(self.map.path(), &entry.key);
            let known = self.known.join("`, `");
            let hint = closest(&entry.key, self.known.iter().copied()).unwrap_or(format!("known keys: `{known}`"));
            let problem = Problem::new(&path, &entry.key_at, "this key is unknown");
            self.map.collector().push(problem.hint(Some(hint)));
        }
    }

    fn missing(&self, key: &str, hint: String) {
        let path = join(self.map.path(), key);
        let problem = Problem::new(&path, &self.map.node().at, "this key is required and missing");
        self.map.collector().push(problem.hint(Some(hint)));
    }
}
