//! Defaults, files, environment variables and flags, merged in that order into one tree.

use std::sync::Arc;

use super::field::{Default, Field, Kind};
use super::service_link::is_service_link;
use crate::codec::yaml::{Collector, Node, Origin, Position, Problem, Problems, Value, closest, parse};

/// Environment variables that begin with `SHEAF_` and are not settings; a `*` at the end matches any suffix.
pub const RESERVED: [&str; 9] = [
    "SHEAF_CONFIG",
    "SHEAF_URL",
    "SHEAF_TOKEN_FILE",
    "SHEAF_CA",
    "SHEAF_LOG",
    "SHEAF_FAULT_POINT",
    "SHEAF_KAFKA_LIBS",
    "SHEAF_KAFKA_OPTS",
    "SHEAF_TEST_*",
];

/// The inputs of [`Config::load`](super::Config::load).
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The names and texts of files; later ones override earlier ones.
    pub files: &'a [(String, String)],
    /// Environment variables; those that do not begin with `SHEAF_` are ignored.
    pub environment: &'a [(String, String)],
    /// The arguments of `--set`: `a.b=value`.
    pub flags: &'a [String],
    /// The host's name, the default of `instance_id`.
    pub host_name: &'a str,
}

/// Merges all sources into a tree of these fields. Their problems are reported together.
pub(super) fn tree(sources: &Sources<'_>, fields: &[Field]) -> Result<Node, Problems> {
    let tree = Node { value: Value::Map(Vec::new()), at: start(sources) };
    let mut layers = Layers { fields, tree, collector: Collector::default() };
    for field in fields {
        if let Default::Value(text) = field.default {
            layers.set("default", field.path, text);
        }
    }
    layers.set("the host's name", "instance_id", sources.host_name);
    for (name, text) in sources.files {
        match parse(name, text) {
            Ok(file) => layers.tree.merge(file),
            Err(problems) => layers.collector.extend(problems),
        }
    }
    for (name, value) in sources.environment {
        if let Some(rest) = name.strip_prefix("SHEAF_").filter(|_| !is_reserved(name)) {
            match layers.path_of_variable(rest) {
                Some(path) => layers.set(name, &path, value),
                None if is_service_link(name, value) => {}
                None => layers.collector.push(layers.unknown_variable(name)),
            }
        }
    }
    for flag in sources.flags {
        layers.set_by_flag(flag);
    }
    layers.collector.finish(&start(sources), Some(layers.tree))
}

/// The position of problems without a value: the start of the first file, if there is one.
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

/// The sources that have been merged so far.
struct Layers<'a> {
    fields: &'a [Field],
    tree: Node,
    collector: Collector,
}

impl Layers<'_> {
    fn set_by_flag(&mut self, flag: &str) {
        let Some((path, value)) = flag.split_once('=') else {
            let hint = Some("write `--set path.to.key=value`".to_owned());
            let problem = Problem::new("", &Position::named("--set"), "this has no `=`").hint(hint);
            return self.collector.push(problem);
        };
        let origin = format!("--set {path}");
        if self.is_known(path) {
            return self.set(&origin, path, value);
        }
        let hint = closest(path, self.fields.iter().map(|field| field.path));
        self.collector.push(Problem::new(path, &Position::named(&origin), "this key is unknown").hint(hint));
    }

    /// Sets one value; `[..]` and `{..}` are YAML where a field may have lists or maps, everything else is text for the field's reader.
    fn set(&mut self, origin: &str, path: &str, text: &str) {
        let at = Position::named(origin);
        // `[::1]:8080` is an address, and what is below a map is text.
        let takes_yaml = |field: &Field| field.path == path && field.kind != Kind::Address;
        let value = if text.starts_with(['[', '{']) && self.fields.iter().any(takes_yaml) {
            let Ok(node) = parse(origin, text) else {
                let message = "a value that begins with `[` or `{` must be valid YAML";
                return self.collector.push(Problem::new(path, &at, message));
            };
            node.value
        } else {
            Value::Loose(text.to_owned())
        };
        let node = Node { value, at }.under(&self.keys(path));
        self.tree.merge(node);
    }

    /// The keys of a path. Keys of a map may contain dots, so everything after the map's path is one key.
    fn keys<'p>(&self, path: &'p str) -> Vec<&'p str> {
        match self.split_at_map(path) {
            Some((field, name)) => field.split('.').chain([name]).collect(),
            None => path.split('.').collect(),
        }
    }

    fn is_known(&self, path: &str) -> bool {
        self.split_at_map(path).is_some() || self.fields.iter().any(|field| field.path == path)
    }

    /// Splits a path below a field of type map into the field's path and the key in the map.
    fn split_at_map<'p>(&self, path: &'p str) -> Option<(&'static str, &'p str)> {
        self.fields.iter().filter(|field| field.kind == Kind::Map).find_map(|field| {
            let name = path.strip_prefix(field.path)?.strip_prefix('.')?;
            (!name.is_empty()).then_some((field.path, name))
        })
    }

    /// The path of a variable's name. `KAFKA__PROPERTIES__SECURITY_PROTOCOL` is `kafka.properties.security.protocol`:
    /// librdkafka's names have dots, which variables cannot have.
    fn path_of_variable(&self, rest: &str) -> Option<String> {
        let path = rest.to_lowercase().replace("__", ".");
        let path = match self.split_at_map(&path) {
            Some((field, name)) => format!("{field}.{}", name.replace('_', ".")),
            None => path,
        };
        self.is_known(&path).then_some(path)
    }

    fn unknown_variable(&self, name: &str) -> Problem {
        let variables: Vec<String> = self.fields.iter().map(Field::variable).collect();
        let known = variables.iter().map(String::as_str).chain(RESERVED);
        let hint = closest(name, known).unwrap_or("see docs/configuration.md, or unset it".to_owned());
        Problem::new("", &Position::named(name), "no setting has this variable").hint(Some(hint))
    }
}
