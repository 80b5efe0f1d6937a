//! A map's keys: each is asked for by name, and what nobody asked for is refused.

use super::item::{Item, Read};
use super::node::Value;
use super::parse::join;
use super::problem::{Problem, closest};

/// The keys of one map. [`Fields::finish`] comes last.
#[derive(Debug)]
pub struct Fields<'a> {
    map: Item<'a>,
    asked: Vec<&'static str>,
}

impl<'a> Item<'a> {
    /// The keys of a map, each to be asked for.
    pub fn fields(&self) -> Option<Fields<'a>> {
        if matches!(self.node().value, Value::Map(_)) {
            return Some(Fields { map: self.clone(), asked: Vec::new() });
        }
        self.expected("a map", None)
    }
}

impl<'a> Fields<'a> {
    /// The item under a key; `None` when it is absent or empty.
    pub fn item(&mut self, key: &'static str) -> Option<Item<'a>> {
        self.asked.push(key);
        let node = self.map.node().get(key)?;
        (node.value != Value::Null).then(|| self.map.below(key, node))
    }

    /// The item under a key that must be there.
    pub fn required_item(&mut self, key: &'static str) -> Option<Item<'a>> {
        let item = self.item(key);
        if item.is_none() {
            let path = join(self.map.path(), key);
            let problem = Problem::new(&path, &self.map.node().at, "this key is required and missing");
            self.map.collector().push(problem.hint(Some(format!("add `{key}: ..`"))));
        }
        item
    }

    /// The value under a key that must be there; `None` has left a problem.
    pub fn required<T: Read>(&mut self, key: &'static str) -> Option<T> {
        self.required_item(key)?.read()
    }

    /// Refuses every key that nobody asked for.
    pub fn finish(self) {
        for entry in self.map.node().entries() {
            if self.asked.contains(&entry.key.as_str()) {
                continue;
            }
            let path = join(self.map.path(), &entry.key);
            let known = self.asked.join("`, `");
            let hint = closest(&entry.key, self.asked.iter().copied()).unwrap_or(format!("known here: `{known}`"));
            let problem = Problem::new(&path, &entry.key_at, "this key is unknown");
            self.map.collector().push(problem.hint(Some(hint)));
        }
    }
}
