//! Compiles and renders templates, within limits.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, State, UndefinedBehavior, Value};
use serde::Serialize;
use uuid::Uuid;

use super::emit::Style;
use super::limit::{FUEL, RECURSION_MAX, TEXT_BYTES_MAX};
use super::lint::{self, Finding};
use super::{Error, data, emit, exact, mark, number, object, uses};

/// Hexadecimal digits of a revision; 48 bits distinguish the revisions of one template.
const REVISION_DIGITS: usize = 12;

/// Calls a method of a value by its name.
type Methods = fn(&mut State<'_, '_>, &Value, &str, &[Value]) -> Result<Value, minijinja::Error>;

/// A compiled template that renders to one JSON object. See the [module](super) for the rules for values.
///
/// Clones share their content, so that [`replace`](Self::replace) reaches the processors that hold one.
#[derive(Clone)]
pub struct Template {
    name: String,
    content: Arc<RwLock<Arc<Content>>>,
    /// True if `%%` is text: the receiver is not Control-M.
    percents_are_text: bool,
}

/// A rendered text: one JSON object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// The parts of it that expressions have written, in order, but for numbers and booleans.
    pub values: Vec<Range<usize>>,
}

/// One revision of a template.
#[derive(Clone)]
struct Content {
    revision: String,
    source: Arc<str>,
    /// True if errors quote the rendered text, which may be secret outside of samples.
    quotes_text: bool,
    environment: Environment<'static>,
}

impl Template {
    /// Compiles `source`. The name (`templates/bundle.json`) is used in messages only.
    ///
    /// # Errors
    /// [`Error::Syntax`], with the line.
    pub fn compile(name: &str, source: &str) -> Result<Self, Error> {
        if let Some(line) = emit::marked_line(source) {
            return Err(Error::syntax(name, line, "a character of U+FDD0 to U+FDD5 is not allowed"));
        }
        let mut environment = Environment::new();
        environment.set_debug(true);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(RECURSION_MAX);
        // With any auto-escape mode but `None`, blocks and macros return safe text, which is not escaped a second time.
        environment.set_auto_escape_callback(|_| AutoEscape::Custom("json".into()));
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.set_formatter(|out, _, value| emit::write(out, value, &Style::default()));
        environment.add_filter("tojson", |value: &Value| emit::tojson(value, &Style::default()));
        number::add_filters(&mut environment);
        for unescaped in ["safe", "escape", "e"] {
            environment.remove_filter(unescaped);
        }
        environment.add_template_owned(name.to_owned(), source.to_owned()).map_err(|error| {
            // What the engine says of data that it takes for a tag does not lead to the cause.
            match data::mistaken(source).into_iter().next() {
                Some(tag) => Error::syntax(name, tag.line, &tag.detail),
                None => Error::engine(name, source, &error),
            }
        })?;
        let content = Content { revision: revision(source), source: source.into(), quotes_text: false, environment };
        Ok(Self::of(name, content))
    }

    /// Problems of the source that can be told without values: unknown names in all branches, and text that is taken for a tag.
    /// `variables` are the names at the top of the context.
    pub fn lint(&self, variables: &[&str]) -> Vec<Finding> {
        let current = self.content();
        lint::findings(&self.name, &current.source, variables, &current.environment)
    }

    /// The same template with other methods of values, for sample values: errors quote the rendered text.
    pub(super) fn for_samples(&self, call: Methods) -> Self {
        let mut content = Content { quotes_text: true, ..(*self.content()).clone() };
        content.environment.set_unknown_method_callback(call);
        Self { percents_are_text: self.percents_are_text, ..Self::of(&self.name, content) }
    }

    /// The source.
    pub(super) fn source(&self) -> Arc<str> {
        Arc::clone(&self.content().source)
    }

    fn of(name: &str, content: impl Into<Arc<Content>>) -> Self {
        Self { name: name.to_owned(), content: Arc::new(RwLock::new(content.into())), percents_are_text: false }
    }

    /// The same template, with the same content after a replacement, for a receiver that is not Control-M: `%%` is text.
    #[must_use]
    pub fn with_percents(self) -> Self {
        Self { percents_are_text: true, ..self }
    }

    fn content(&self) -> Arc<Content> {
        // A poisoned lock is usable: the content is replaced as a whole.
        Arc::clone(&self.content.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The current content, which no replacement changes: so that a text and its revision belong together.
    #[must_use]
    pub fn fixed(&self) -> Self {
        Self { percents_are_text: self.percents_are_text, ..Self::of(&self.name, self.content()) }
    }

    /// Replaces the content of this template and its clones; false if `other` has the same.
    pub fn replace(&self, other: &Self) -> bool {
        let new = other.content();
        let mut content = self.content.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = content.revision != new.revision;
        *content = new;
        is_new
    }

    /// Renders the template with the fields of `context` as variables; the result is one JSON object.
    ///
    /// # Errors
    /// Any [`Error`] but [`Error::Syntax`]; the same template may render with some values and fail with others.
    pub fn render<C: Serialize>(&self, context: &C) -> Result<Rendered, Error> {
        let current = self.content();
        let template =
            current.environment.get_template(&self.name).map_err(|error| Error::engine(&self.name, "", &error))?;
        let marked =
            exact::render(&current.environment, &self.name, Value::from(Serde(context)), self.percents_are_text)
                .map_err(|error| Error::engine(&self.name, template.source(), &error))?;
        if marked.len() > TEXT_BYTES_MAX {
            return Err(Error::TooLarge { template: self.name.clone(), bytes: marked.len(), limit: TEXT_BYTES_MAX });
        }
        let (text, values) = mark::strip(&marked, self.percents_are_text)
            .map_err(|misplaced| Error::misplaced(&self.name, &misplaced))?;
        object::check(&text).map_err(|error| {
            let quoted = if current.quotes_text { &*text } else { "" };
            Error::not_json(&self.name, quoted, &error)
        })?;
        Ok(Rendered { text, values })
    }

    /// True for a text that stands between quotes in a tag of the source: `{{ "a" if x else "b" }}`.
    pub fn is_constant(&self, text: &str) -> bool {
        uses::of(&self.name, &self.content().source).constants.contains(text)
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A short hash of the source, equal on all machines; recorded with each submission.
    pub fn revision(&self) -> String {
        self.content().revision.clone()
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({} {})", self.name, self.revision())
    }
}

fn revision(source: &str) -> String {
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, source.as_bytes());
    hash.simple().to_string().chars().take(REVISION_DIGITS).collect()
}
