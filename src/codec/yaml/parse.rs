//! Text to tree, within limits, so that no file can exhaust memory or stack.
//!
//! saphyr refuses duplicate keys, more than 255 nested flow collections, and alias expansion beyond 100,000 nodes. It recurses
//! once per nested collection, so the depth of block collections is checked here before it parses.

use std::sync::Arc;

use saphyr::{LoadableYamlNode, MarkedYaml, Marker, Scalar, YamlData};

use super::node::{Entry, Node, Origin, Position, Value};
use super::problem::{Problem, Problems};

/// The largest text, in bytes.
pub const TEXT_BYTES_MAX: usize = 256 << 10;
/// The most nodes of a tree after alias expansion.
const NODES_MAX: usize = 10_000;
/// The deepest indentation, in characters; bounds the nesting of block collections.
const INDENT_MAX: usize = 100;

/// Parses one YAML document; `name` is its name in problems. An empty text is an empty map.
pub fn parse(name: &str, text: &str) -> Result<Node, Problems> {
    let origin = Arc::new(Origin::File { name: name.to_owned(), text: text.to_owned() });
    let start = Position { origin: Arc::clone(&origin), line: 1, column: 1 };
    within_limits(&start, text).map_err(Problems::from)?;
    let documents = MarkedYaml::load_from_str(text).map_err(|error| {
        let at = position(&origin, error.marker());
        Problems::from(Problem::new("", &at, format!("this is not valid YAML: {}", error.info())))
    })?;
    let mut reader = TreeReader { origin, nodes: 0 };
    let mut documents = documents.into_iter();
    let tree = match documents.next() {
        None => Node { value: Value::Map(Vec::new()), at: start },
        Some(document) if document.data.is_badvalue() || matches!(document.data, YamlData::Value(Scalar::Null)) => {
            Node { value: Value::Map(Vec::new()), at: start }
        }
        Some(document) => reader.node("", document)?,
    };
    match documents.next() {
        None => Ok(tree),
        Some(second) => Err(reader.problem("", &second, "a second document starts here: use one document per file")),
    }
}

fn within_limits(start: &Position, text: &str) -> Result<(), Problem> {
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("the file has {} bytes; the limit is {TEXT_BYTES_MAX}", text.len());
        return Err(Problem::new("", start, message));
    }
    for (number, line) in text.lines().enumerate() {
        // Block collections nest by indicators within one line ("- - - x"), and by indentation across lines.
        let indent = line.chars().take_while(|c| matches!(c, ' ' | '\t' | '-' | '?' | ':')).count();
        if indent > INDENT_MAX {
            let at = Position { line: number + 1, ..start.clone() };
            let message = format!("the line is indented by {indent} characters; the limit is {INDENT_MAX}");
            return Err(Problem::new("", &at, message));
        }
    }
    Ok(())
}

fn position(origin: &Arc<Origin>, marker: &Marker) -> Position {
    Position { origin: Arc::clone(origin), line: marker.line().max(1), column: marker.col() + 1 }
}

struct TreeReader {
    origin: Arc<Origin>,
    nodes: usize,
}

impl TreeReader {
    fn node(&mut self, path: &str, marked: MarkedYaml<'_>) -> Result<Node, Problems> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(self.problem(path, &marked, &format!("the file has more than {NODES_MAX} values")));
        }
        let at = position(&self.origin, &marked.span.start);
        let value = match marked.data {
            YamlData::Value(scalar) => scalar_value(scalar),
            YamlData::Sequence(nodes) => Value::List(
                nodes
                    .into_iter()
                    .enumerate()
                    .map(|(index, node)| self.node(&format!("{path}[{index}]"), node))
                    .collect::<Result<_, _>>()?,
            ),
            YamlData::Mapping(entries) => Value::Map(
                entries.into_iter().map(|(key, node)| self.entry(path, key, node)).collect::<Result<_, _>>()?,
            ),
            YamlData::Tagged(..) => return Err(refuse(path, &at, "a tag (`!name`) is not supported: remove it")),
            YamlData::Representation(..) | YamlData::Alias(_) | YamlData::BadValue => {
                return Err(refuse(path, &at, "this value is invalid"));
            }
        };
        Ok(Node { value, at })
    }

    fn entry(&mut self, path: &str, key: MarkedYaml<'_>, node: MarkedYaml<'_>) -> Result<Entry, Problems> {
        let key_at = position(&self.origin, &key.span.start);
        let YamlData::Value(Scalar::String(key)) = key.data else {
            return Err(refuse(path, &key_at, "a key must be a string: put it in quotes"));
        };
        let node = self.node(&join(path, &key), node)?;
        Ok(Entry { key: key.into_owned(), key_at, node })
    }

    fn problem(&self, path: &str, marked: &MarkedYaml<'_>, message: &str) -> Problems {
        refuse(path, &position(&self.origin, &marked.span.start), message)
    }
}

fn refuse(path: &str, at: &Position, message: &str) -> Problems {
    Problems::from(Problem::new(path, at, message))
}

fn scalar_value(scalar: Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::Bool(value),
        Scalar::Integer(value) => Value::Integer(value),
        Scalar::FloatingPoint(value) => Value::Float(value.into_inner()),
        Scalar::String(value) => Value::Text(value.into_owned()),
    }
}

/// The path of a key under a path.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
