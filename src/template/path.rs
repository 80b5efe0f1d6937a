//! The path of an HTTP request, in the language of the templates. Each value is percent-encoded, so it stays within its segment.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, UndefinedBehavior, Value};
use serde::Serialize;

use super::error::Error as TemplateError;
use super::limit::{FUEL, RECURSION_MAX};
use super::lint::{self, Finding};
use super::number;

/// The longest path with its query, in bytes.
const BYTES_MAX: usize = 4_096;

/// A path, perhaps with a query: empty, or `/..`.
#[derive(Clone)]
pub struct PathTemplate {
    name: Arc<str>,
    text: Arc<str>,
    environment: Arc<Environment<'static>>,
}

impl PathTemplate {
    /// Compiles a text such as `/orders/{{ bundle_id }}`; the name is used in messages only. The error tells what to write.
    pub fn compile(name: &str, text: &str) -> Result<Self, String> {
        if !text.is_empty() && !text.starts_with('/') {
            return Err("a path begins with `/`: it is added to the URL of the sink".to_owned());
        }
        let mut environment = Environment::new();
        environment.set_debug(true);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(RECURSION_MAX);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.set_formatter(|out, _, value| write(out, value));
        let failed = |error: Error| TemplateError::engine(name, text, &error).to_string();
        environment.add_template_owned(name.to_owned(), text.to_owned()).map_err(failed)?;
        Ok(Self { name: name.into(), text: text.into(), environment: Arc::new(environment) })
    }

    /// Unknown names; `variables` are those of the context.
    pub fn lint(&self, variables: &[&str]) -> Vec<Finding> {
        lint::findings(&self.name, &self.text, variables, &self.environment)
    }

    /// The path with the fields of `context` as variables. The error tells why there is none.
    pub fn render<C: Serialize>(&self, context: &C) -> Result<String, String> {
        let failed = |error: Error| TemplateError::engine(&self.name, &self.text, &error).to_string();
        let context = Value::from(Serde(context));
        let context = number::near(&context).unwrap_or(context);
        let text = self.environment.get_template(&self.name).and_then(|it| it.render(context)).map_err(failed)?;
        match wrong_with(&text) {
            Some(wrong) => Err(format!("{}: {wrong}", self.name)),
            None => Ok(text),
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for PathTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PathTemplate({})", self.text)
    }
}

impl PartialEq for PathTemplate {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for PathTemplate {}

/// Writes a value as the unreserved characters of RFC 3986, section 2.3, and all others percent-encoded.
fn write(out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
    let refused = |why: &str| Err(Error::new(ErrorKind::InvalidOperation, why.to_owned()));
    let is_simple = matches!(value.kind(), ValueKind::String | ValueKind::Bool) || value.is_integer();
    if !is_simple {
        return refused("the value in a path is neither text nor an integer: write `| string` if it is a number");
    }
    let text = value.to_string();
    if text.is_empty() {
        return refused("the value in a path is empty");
    }
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.write_char(char::from(byte))?;
        } else {
            write!(out, "%{byte:02X}")?;
        }
    }
    Ok(())
}

/// What is wrong with a path.
fn wrong_with(text: &str) -> Option<String> {
    if text.len() > BYTES_MAX {
        return Some(format!("the path has {} bytes, more than {BYTES_MAX}", text.len()));
    }
    if !text.is_empty() && !text.starts_with('/') {
        return Some(format!("the path `{text}` does not begin with `/`"));
    }
    let is_illegal = |it: &char| !it.is_ascii_graphic() || "#\\\"<>^`{|}".contains(*it);
    if let Some(bad) = text.chars().find(is_illegal) {
        return Some(format!("the path has {bad:?}, which must be percent-encoded"));
    }
    let path = text.split_once('?').map_or(text, |(path, _query)| path);
    // A client resolves these before it sends the request, also if they are percent-encoded.
    let is_dots = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    path.split('/').any(is_dots).then(|| format!("the path `{text}` has a segment of dots, which would lead elsewhere"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rendered(text: &str, id: impl Serialize) -> Result<String, String> {
        PathTemplate::compile("path", text).unwrap().render(&json!({ "id": id }))
    }

    #[test]
    fn a_value_stays_within_its_segment() {
        assert_eq!(rendered("/a/{{ id }}/b?x={{ id }}", json!("A-1_2.3~")).unwrap(), "/a/A-1_2.3~/b?x=A-1_2.3~");
        assert_eq!(rendered("/a/{{ id }}", json!(17)).unwrap(), "/a/17");
        let hostile = rendered("/a/{{ id }}/b", json!("../x?y=1#z&%2F ü")).unwrap();
        assert_eq!(hostile, "/a/..%2Fx%3Fy%3D1%23z%26%252F%20%C3%BC/b");
        assert_eq!(rendered("", json!(1)).unwrap(), "");
    }

    #[test]
    fn a_path_that_would_lead_elsewhere_is_refused() {
        for id in [json!(".."), json!("."), json!(""), json!(null), json!([1]), json!({ "a": 1 }), json!(1.5)] {
            assert!(rendered("/a/{{ id }}/b", &id).is_err(), "{id}");
        }
        for text in ["/a/{{ id }}%2E", "/a/{{ missing }}", "/a b/{{ id }}", "/a#{{ id }}"] {
            assert!(rendered(text, json!(".")).is_err(), "{text}");
        }
        assert!(rendered("/{{ id }}", json!("x".repeat(5_000))).is_err());
        assert!(PathTemplate::compile("path", "orders").unwrap_err().contains("begins with `/`"));
        let path = PathTemplate::compile("path", "/{{ bundel_id }}").unwrap();
        assert!(
            path.lint(&["bundle_id"])[0].text.contains("did you mean `bundle_id`?"),
            "{:?}",
            path.lint(&["bundle_id"])
        );
    }
}
