//! Payloads of events that are not known yet: every field exists, and is what the template takes it for.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ValueKind};
use minijinja::{ErrorKind, State, Value};
use minijinja_contrib::pycompat::unknown_method_callback;
use serde::{Serialize, Serializer};

use super::compile::Template;
use super::error::Error;
use super::known::{FILTERS, METHODS};
use super::shape::{Shape, Shapes};
use super::uses;

/// A template that is rendered with payloads that are not known yet.
#[derive(Clone, Debug)]
pub struct Sample {
    template: Template,
    shapes: Arc<Shapes>,
}

/// The payload of a sample event.
#[derive(Clone, Debug)]
pub struct SamplePayload(Value);

impl Serialize for SamplePayload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Sample {
    /// The template for sample bundles.
    pub fn of(template: &Template) -> Self {
        let shapes = uses::of(template.name(), &template.source()).shapes;
        Self { template: template.for_samples(call), shapes: Arc::new(shapes) }
    }

    /// A payload; one of another `seed`, from 1, has other values.
    pub fn payload(&self, seed: u64) -> SamplePayload {
        SamplePayload(payload(&self.shapes, seed))
    }

    /// The template, which calls Python's methods of texts also on sample numbers.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// True if an error may be due to the sample values instead of the template: its expression uses more than the
    /// variables `known`.
    pub fn is_uncertain(&self, error: &Error, known: &[&str]) -> bool {
        let Error::Evaluation { expression, .. } = error else { return false };
        let word = |character: char| !character.is_alphanumeric() && character != '_';
        let names = expression.split(word).filter(|name| name.starts_with(|first: char| first.is_alphabetic()));
        names.into_iter().any(|name| !known.contains(&name) && !FILTERS.contains(&name) && !METHODS.contains(&name))
    }
}

/// How many items a list of a payload has.
const ITEMS: u64 = 2;
/// The repetitions that a payload asks for.
const REPETITIONS: u64 = 2;

/// A payload, or an object in it. Fields that nothing is known of are numbers, which may stand inside and outside of quotes,
/// and which differ by payload and name, so that a template may make keys of them.
#[derive(Debug)]
struct Payload {
    shapes: Arc<Shapes>,
    seed: u64,
}

/// The payload of an event; `seed` makes it different from others.
fn payload(shapes: &Arc<Shapes>, seed: u64) -> Value {
    Value::from_object(Payload { shapes: Arc::clone(shapes), seed })
}

/// Calls a method of Python, also of the text that a number stands for.
fn call(
    state: &mut State<'_, '_>,
    value: &Value,
    method: &str,
    arguments: &[Value],
) -> Result<Value, minijinja::Error> {
    match unknown_method_callback(state, value, method, arguments) {
        Err(error) if error.kind() == ErrorKind::UnknownMethod && value.kind() == ValueKind::Number => {
            unknown_method_callback(state, &Value::from(value.to_string()), method, arguments)
        }
        other => other,
    }
}

impl Payload {
    fn field(&self, name: &str) -> Value {
        let number = self.seed * 10_000 + hash(name) % 10_000;
        match self.shapes.of(name) {
            Some(Shape::List) => {
                let item = |index| self.value(self.shapes.of_items(name), number * 10 + index);
                (0..ITEMS).map(item).collect()
            }
            shape => self.value(shape, number),
        }
    }

    fn value(&self, shape: Option<Shape>, number: u64) -> Value {
        match shape {
            Some(Shape::Object) => payload(&self.shapes, number % 1_000_000),
            Some(Shape::List) => Value::from_iter([number]),
            Some(Shape::Text) => Value::from(format!("sample-{number}")),
            Some(Shape::Count) => Value::from(REPETITIONS),
            Some(Shape::Index) => Value::from(0),
            Some(Shape::Number) | None => Value::from(number),
        }
    }
}

impl Object for Payload {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        key.as_str().map(|name| self.field(name))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&["id"])
    }
}

/// FNV-1a, so that a sample is the same on all machines.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
