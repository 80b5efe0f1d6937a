//! Defaults, files, environment variables and flags, merged in that order into one tree.

use std::sync::Arc;

use super::FIELDS;
use super::field::{Default, Field, Kind};
use crate::codec::yaml::{Collector, Node, Origin, Position, Problem, Problems, Value, closest, parse};

/// Environment variables that begin with `SHEAF_` and are not settings; a `*` at the end stands for any rest.
pub const RESERVED: [&str; 6] =
    ["SHEAF_CONFIG", "SHEAF_LOG", "SHEAF_FAULT_POINT", "SHEAF_KAFKA_LIBS", "SHEAF_KAFKA_OPTS", "SHEAF_TEST_*"];

/// The inputs of [`Config::load`](super::Config::load).
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// Names and texts of files; a later one overrides an earlier one.
    pub files: &'a [(String, String)],
    /// Environment variables; those that do not begin with `SHEAF_` are ignored.
    pub environment: &'a [(String, String)],
    /// The arguments of `--set`: `a.b=value`.
    pub flags: &'a [String],
    /// The host's name, the default of `instance_id`.
    pub host_name: &'a str,
}

/// Merges all sources. Their problems are reported together.
pub(super) fn tree(sources: &Sources<'_>) -> Result<Node, Problems> {
    let collector = Collector::default();
    let mut tree = Node { value: Value::Map(Vec::new()), at: start(sources) };
    for field in FIELDS.iter() {
        if let Default::Value(text) = field.default {
            set(&mut tree, "default", field.path, text, &collector);
        }
    }
    set(&mut tree, "the host's name", "instance_id", sources.host_name, &collector);
    for (name, text) in sources.files {
        match parse(name, text) {
            Ok(file) => tree.merge(file),
            Err(problems) => collector.extend(problems),
        }
    }
    for (name, value) in sources.environment {
        if let Some(rest) = name.strip_prefix("SHEAF_").filter(|_| !is_reserved(name)) {
            match path_of_variable(rest) {
                Some(path) => set(&mut tree, name, &path, value, &collector),
                None => collector.push(unknown_variable(name)),
            }
        }
    }
    for flag in sources.flags {
        set_by_flag(&mut tree, flag, &collector);
    }
    collector.finish(&start(sources), Some(tree))
}

/// The position of problems with the configuration as a whole: the start of the first file, if there is one.
fn start(sources: &Sources<'_>) -> Position {
    match sources.files.first() {
        Some((name, text)) => {
            let origin = Arc::new(Origin::File { name: name.clone(), text: text.clone() });
            Position { origin, line: 1, column: 1 }
        }
        None => Position::named("no configuration file"),
    }
}

fn is_reserved(name: &str) -> bool {
    RESERVED.iter().any(|word| word.strip_suffix('*').map_or(*word == name, |begin| name.starts_with(begin)))
}

fn set_by_flag(tree: &mut Node, flag: &str, collector: &Collector) {
    let Some((path, value)) = flag.split_once('=') else {
        let hint = Some("write `--set path.to.key=value`".to_owned());
        return collector.push(Problem::new("", &Position::named("--set"), "this has no `=`").hint(hint));
    };
    let origin = format!("--set {path}");
    if is_known(path) {
        return set(tree, &origin, path, value, collector);
    }
    let hint = closest(path, FIELDS.iter().map(|field| field.path));
    collector.push(Problem::new(path, &Position::named(&origin), "this key is unknown").hint(hint));
}

/// Sets one value; `[..]` and `{..}` are YAML, everything else is text for the field's reader.
fn set(tree: &mut Node, origin: &str, path: &str, text: &str, collector: &Collector) {
    let at = Position::named(origin);
    let value = if text.starts_with(['[', '{']) {
        match parse(origin, text) {
            Ok(node) => node.value,
            Err(_) => {
                return collector.push(Problem::new(
                    path,
                    &at,
                    "a value that begins with `[` or `{` must be valid YAML",
                ));
            }
        }
    } else {
        Value::Loose(text.to_owned())
    };
    tree.merge(Node { value, at }.under(&keys(path)));
}

/// The keys of a path. Names in a map may contain dots, so everything after the map's path is one key.
fn keys(path: &str) -> Vec<&str> {
    match split_at_map(path) {
        Some((field, name)) => field.path.split('.').chain([name]).collect(),
        None => path.split('.').collect(),
    }
}

fn is_known(path: &str) -> bool {
    split_at_map(path).is_some() || FIELDS.iter().any(|field| field.path == path)
}

/// The field of type map that a path leads into, and the name in that map.
fn split_at_map(path: &str) -> Option<(&'static Field, &str)> {
    FIELDS.iter().filter(|field| field.kind == Kind::Map).find_map(|field| {
        let name = path.strip_prefix(field.path)?.strip_prefix('.')?;
        (!name.is_empty()).then_some((field, name))
    })
}

/// `KAFKA__PROPERTIES__SECURITY_PROTOCOL` is `kafka.properties.security.protocol`: librdkafka's names have dots, and a
/// variable's name cannot.
fn path_of_variable(rest: &str) -> Option<String> {
    let path = rest.to_lowercase().replace("__", ".");
    let path = match split_at_map(&path) {
        Some((field, name)) => format!("{}.{}", field.path, name.replace('_', ".")),
        None => path,
    };
    is_known(&path).then_some(path)
}

fn unknown_variable(name: &str) -> Problem {
    let variables: Vec<String> = FIELDS.iter().map(Field::variable).collect();
    let known = variables.iter().map(String::as_str).chain(RESERVED);
    let hint = closest(name, known).unwrap_or("see docs/configuration.md, or unset it".to_owned());
    Problem::new("", &Position::named(name), "no setting has this variable").hint(Some(hint))
}
