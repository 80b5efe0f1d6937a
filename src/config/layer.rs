//! Defaults, files, variables and flags, laid over each other in that order as one tree.

use std::sync::Arc;

use super::FIELDS;
use super::field::{Default, Field, Kind};
use crate::codec::yaml::{Collector, Node, Origin, Position, Problem, Problems, Value, closest, parse};

/// Variables that begin with `SHEAF_` and are not settings; an ending `*` stands for any rest.
pub const RESERVED: [&str; 6] =
    ["SHEAF_CONFIG", "SHEAF_LOG", "SHEAF_FAULT_POINT", "SHEAF_KAFKA_LIBS", "SHEAF_KAFKA_OPTS", "SHEAF_TEST_*"];

/// Where settings come from, all of it handed in.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// Files by name with their texts; what a later one sets wins.
    pub files: &'a [(String, String)],
    /// The environment; only names that begin with `SHEAF_` are looked at.
    pub environment: &'a [(String, String)],
    /// What `--set` was given: `a.b=value`.
    pub flags: &'a [String],
    /// The host's name, the default of `instance_id`.
    pub host_name: &'a str,
}

/// The one tree. Problems of all sources are reported together.
pub(super) fn tree(sources: &Sources<'_>) -> Result<Node, Problems> {
    let collector = Collector::default();
    let mut tree = Node { value: Value::Map(Vec::new()), at: first_place(sources) };
    for field in FIELDS.iter() {
        if let Default::Value(text) = field.default {
            lay(&mut tree, "default", field.path, text, &collector);
        }
    }
    lay(&mut tree, "the host's name", "instance_id", sources.host_name, &collector);
    for (name, text) in sources.files {
        match parse(name, text) {
            Ok(file) => tree.merge(file),
            Err(problems) => collector.extend(problems),
        }
    }
    for (name, value) in sources.environment {
        if let Some(rest) = name.strip_prefix("SHEAF_").filter(|_| !reserved(name)) {
            match path_of_variable(rest) {
                Some(path) => lay(&mut tree, name, &path, value, &collector),
                None => collector.push(unknown_variable(name)),
            }
        }
    }
    for flag in sources.flags {
        lay_flag(&mut tree, flag, &collector);
    }
    collector.finish(&first_place(sources), Some(tree))
}

/// Where a problem with the whole is shown: the first file, if there is one.
fn first_place(sources: &Sources<'_>) -> Position {
    match sources.files.first() {
        Some((name, text)) => {
            let origin = Arc::new(Origin::File { name: name.clone(), text: text.clone() });
            Position { origin, line: 1, column: 1 }
        }
        None => Position::named("no configuration file"),
    }
}

fn reserved(name: &str) -> bool {
    RESERVED.iter().any(|word| word.strip_suffix('*').map_or(*word == name, |begin| name.starts_with(begin)))
}

fn lay_flag(tree: &mut Node, flag: &str, collector: &Collector) {
    let Some((path, value)) = flag.split_once('=') else {
        let hint = Some("write `--set path.to.key=value`".to_owned());
        return collector.push(Problem::new("", &Position::named("--set"), "this has no `=`").hint(hint));
    };
    let origin = format!("--set {path}");
    if known(path) {
        return lay(tree, &origin, path, value, collector);
    }
    let hint = closest(path, FIELDS.iter().map(|field| field.path));
    collector.push(Problem::new(path, &Position::named(&origin), "this key is unknown").hint(hint));
}

/// Lays one value over the tree; `[..]` and `{..}` are YAML, everything else is text for the field's reader.
fn lay(tree: &mut Node, origin: &str, path: &str, text: &str, collector: &Collector) {
    let at = Position::named(origin);
    let value = if text.starts_with(['[', '{']) {
        match parse(origin, text) {
            Ok(node) => node.value,
            Err(_) => return collector.push(Problem::new(path, &at, "this begins like YAML and is not valid YAML")),
        }
    } else {
        Value::Loose(text.to_owned())
    };
    tree.merge(Node { value, at }.under(&keys(path)));
}

/// A path's keys: a map's names may hold dots, so everything after its own path is one key.
fn keys(path: &str) -> Vec<&str> {
    match map_above(path) {
        Some((field, name)) => field.path.split('.').chain([name]).collect(),
        None => path.split('.').collect(),
    }
}

fn known(path: &str) -> bool {
    map_above(path).is_some() || FIELDS.iter().any(|field| field.path == path)
}

fn map_above(path: &str) -> Option<(&'static Field, &str)> {
    FIELDS.iter().filter(|field| field.kind == Kind::Map).find_map(|field| {
        let name = path.strip_prefix(field.path)?.strip_prefix('.')?;
        (!name.is_empty()).then_some((field, name))
    })
}

/// `KAFKA__PROPERTIES__SECURITY_PROTOCOL` is `kafka.properties.security.protocol`: librdkafka's names have dots, and a
/// variable's name cannot.
fn path_of_variable(rest: &str) -> Option<String> {
    let path = rest.to_lowercase().replace("__", ".");
    let path = match map_above(&path) {
        Some((field, name)) => format!("{}.{}", field.path, name.replace('_', ".")),
        None => path,
    };
    known(&path).then_some(path)
}

fn unknown_variable(name: &str) -> Problem {
    let variables: Vec<String> = FIELDS.iter().map(Field::variable).collect();
    let known = variables.iter().map(String::as_str).chain(RESERVED);
    let hint = closest(name, known).unwrap_or("see docs/configuration.md, or unset it".to_owned());
    Problem::new("", &Position::named(name), "no setting has this variable").hint(Some(hint))
}
