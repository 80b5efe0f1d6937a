//! The settings with their values and origins, without secrets: what `sheaf config show` and the HTTP API show.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::field::{Field, Kind};
use super::layer::{self, Sources};
use super::reference::Reference;
use super::{Config, FIELDS};
use crate::codec::yaml::{Node, Origin, Position, Problems, Value};

/// A setting with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Its path.
    pub path: String,
    /// Its value; a text that may be a secret is `***`.
    pub value: Json,
    /// Where it was set: `default`, a file with line and column, a variable, or a flag.
    pub origin: String,
}

/// Properties of the Kafka client that hold no secret.
const OPEN_PROPERTIES: [&str; 8] = [
    "client.id",
    "sasl.kerberos.service.name",
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.oauthbearer.method",
    "security.protocol",
    "ssl.ca.location",
    "ssl.endpoint.identification.algorithm",
];

impl Config {
    /// The settings that have values, in the order of the reference page. A literal text where a reference to a secret may stand is
    /// hidden, because it may be a secret that should have been a reference.
    pub fn shown(sources: &Sources<'_>) -> Result<Vec<Shown>, Problems> {
        let (config, tree) = (Self::load(sources)?, layer::tree(sources, &FIELDS)?);
        let tokens = (0..config.http.tokens.len()).map(|index| format!("http.tokens[{index}].token"));
        let hidden: BTreeSet<String> =
            config.sinks.references().into_iter().map(|(path, _)| path).chain(tokens).collect();
        Ok(FIELDS.iter().flat_map(|field| of_field(field, &tree, &hidden)).collect())
    }
}

/// The setting of a field; of a map, one for each key.
fn of_field(field: &Field, tree: &Node, hidden: &BTreeSet<String>) -> Vec<Shown> {
    let Some(node) = field.path.split('.').try_fold(tree, |node, key| node.get(key)) else { return Vec::new() };
    let shown = |path: String, node: &Node, value| Shown { path, value, origin: origin(&node.at) };
    match field.kind {
        Kind::Map => {
            let entries = node.entries().iter();
            let of = |key: &str, node: &Node| {
                if OPEN_PROPERTIES.contains(&key) { plain(node) } else { reference(node) }
            };
            entries.map(|it| shown(format!("{}.{}", field.path, it.key), &it.node, of(&it.key, &it.node))).collect()
        }
        _ if node.value == Value::Null => Vec::new(),
        Kind::Reference if field.path == "control_m.base_url" => vec![shown(field.path.to_owned(), node, url(node))],
        Kind::Reference => vec![shown(field.path.to_owned(), node, reference(node))],
        Kind::Tree => vec![shown(field.path.to_owned(), node, json(node, field.path, hidden))],
        Kind::Integer(..) => vec![shown(field.path.to_owned(), node, integer(node))],
        Kind::Paths | Kind::List => vec![shown(field.path.to_owned(), node, list(node))],
        Kind::Text | Kind::Name | Kind::Duration | Kind::Address | Kind::Zone | Kind::Word(_) | Kind::Path => {
            vec![shown(field.path.to_owned(), node, plain(node))]
        }
    }
}

fn origin(at: &Position) -> String {
    match &*at.origin {
        Origin::File { name, .. } => format!("{name}:{}:{}", at.line, at.column),
        Origin::Named(name) => name.clone(),
    }
}

/// A reference as it is written, and anything else hidden.
fn reference(node: &Node) -> Json {
    let is_reference = |text: &&str| Reference::parse(text).is_ok_and(|reference| reference.is_to_secret());
    text(node).filter(is_reference).unwrap_or("***").into()
}

fn text(node: &Node) -> Option<&str> {
    if let Value::Text(text) | Value::Loose(text) = &node.value { Some(text) } else { None }
}

/// An address without the user and the password that may stand in it.
fn url(node: &Node) -> Json {
    text(node).filter(|text| !text.contains('@')).map_or_else(|| reference(node), Json::from)
}

fn integer(node: &Node) -> Json {
    let number = text(node).and_then(|text| text.parse::<i64>().ok());
    number.map_or_else(|| plain(node), Json::from)
}

fn list(node: &Node) -> Json {
    if let Value::Loose(text) = &node.value {
        return text.split(',').map(|part| Json::from(part.trim())).collect();
    }
    plain(node)
}

/// A value in which nothing is hidden.
fn plain(node: &Node) -> Json {
    json(node, "", &BTreeSet::new())
}

/// A value of any shape, in which what stands at a hidden path is a reference or hidden.
fn json(node: &Node, path: &str, hidden: &BTreeSet<String>) -> Json {
    if hidden.contains(path) {
        return reference(node);
    }
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Text(text) | Value::Loose(text) => text.clone().into(),
        Value::List(nodes) => {
            nodes.iter().enumerate().map(|(index, node)| json(node, &format!("{path}[{index}]"), hidden)).collect()
        }
        Value::Map(entries) => {
            let member = |key: &str, node: &Node| json(node, &format!("{path}.{key}"), hidden);
            entries
                .iter()
                .map(|entry| (entry.key.clone(), member(&entry.key, &entry.node)))
                .collect::<Map<_, _>>()
                .into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::field::Default;

    const SECRET: &str = "hunter2";

    fn shown(text: &str) -> Vec<Shown> {
        let files = [("sheaf.yaml".to_owned(), text.to_owned())];
        Config::shown(&Sources { files: &files, environment: &[], flags: &[], host_name: "h" }).unwrap()
    }

    #[test]
    fn a_value_is_shown_with_the_place_where_it_was_set() {
        let all =
            shown("application_id: ctm\nkafka:\n  bootstrap_servers: b:1\n  properties: { security.protocol: SSL }\n");
        let of = |path: &str| all.iter().find(|it| it.path == path).map(|it| (it.value.clone(), it.origin.as_str()));
        assert_eq!(of("application_id"), Some(("ctm".into(), "sheaf.yaml:1:17")));
        assert_eq!(of("kafka.properties.security.protocol"), Some(("SSL".into(), "sheaf.yaml:4:36")));
        assert_eq!(of("partitions").map(|(value, _)| value), Some(4.into()));
        assert_eq!(of("partitions").map(|(_, origin)| origin), Some("default"));
        assert_eq!(of("control_m.proxy"), None, "it has no value");
    }

    #[test]
    fn nothing_that_may_be_a_secret_is_shown_unless_it_is_a_reference() {
        let mut text = format!(
            "application_id: a\nhttp: {{ tokens: [{{ name: ann, role: act, token: {SECRET} }}] }}\nkafka: {{ bootstrap_servers: b, properties: {{ sasl.password: {SECRET}, x: {SECRET}, ssl.key.pem: '${{env:KEY}}' }} }}\n\
             otlp: {{ endpoint: 'http://user:{SECRET}@host', headers: {{ authorization: {SECRET} }} }}\n\
             sinks:\n  hook: {{ webhook: {{ url: 'https://h/{SECRET}', format: pagerduty, routing_key: {SECRET} }} }}\n  \
             mail: {{ smtp: {{ host: h, username: {SECRET}, password: {SECRET}, from: a@b.c, to: [d@e.f] }} }}\ncontrol_m:\n"
        );
        let references =
            FIELDS.iter().filter(|field| field.kind == Kind::Reference && !matches!(field.default, Default::Required));
        let mut number = 0;
        for field in references.filter(|field| !["control_m.api_key", "otlp.endpoint"].contains(&field.path)) {
            let key = field.path.strip_prefix("control_m.").unwrap_or_else(|| panic!("{}: add it here", field.path));
            text.extend(["  ", key, ": 'http://user:", SECRET, "@host'\n"]);
            number += 1;
        }
        assert!(number > 3, "{number}");
        let all = format!("{:?}", shown(&text));
        assert!(!all.contains(SECRET), "{all}");
        assert!(all.contains("${env:KEY}") && all.contains("a@b.c"), "{all}");
    }
}
