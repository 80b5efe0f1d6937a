//! Renders with numbers as they were sent.
//!
//! Most templates only write numbers, and then [`Sent`](super::number::Sent) objects in place of numbers are written as they
//! were sent. That the template neither calculated with one nor compared it is shown by a second rendering with the engine's
//! numbers, which must give the same text but for the spelling of numbers. If it does not, the second rendering counts, and in
//! it each number that was sent is looked up by its value; two spellings of one value cannot be told apart there and are an
//! error, because no number may change in silence.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, Value};

use super::emit::{self, Spellings};
use super::number::{self, FLOAT, SENT, STOP};

/// The marked text of the template with this name.
pub(super) fn render(environment: &Environment<'static>, name: &str, context: Value) -> Result<String, Error> {
    let template = environment.get_template(name)?;
    let Some(near) = number::near(&context) else { return template.render(context) };
    let calculated = template.render(near);
    if !has_marks(&context)
        && let (Ok(sent), Ok(calculated)) = (template.render(context.clone()), &calculated)
        && number::resolve(&sent, false) == *calculated
    {
        return Ok(number::resolve(&sent, true));
    }
    calculated?;
    let spellings = Arc::new(spellings(&context));
    let mut environment = environment.clone();
    let of_filter = Arc::clone(&spellings);
    environment.add_filter("tojson", move |value: &Value| emit::tojson(value, Some(&of_filter)));
    environment.set_formatter(move |out, _, value| emit::write(out, value, Some(&spellings)));
    let near = number::near(&context).unwrap_or(context);
    environment.get_template(name)?.render(near)
}

/// The spellings of the floats of a context, by what the engine writes; `None` where there are two.
fn spellings(context: &Value) -> Spellings {
    let mut found = Vec::new();
    number::floats(context, &mut found);
    let mut spellings = BTreeMap::new();
    for (float, digits) in found {
        let known = spellings.entry(float).or_insert_with(|| Some(digits.clone()));
        if *known != Some(digits) {
            *known = None;
        }
    }
    spellings
}

/// True if a text of the context has a character that marks numbers.
fn has_marks(value: &Value) -> bool {
    if let Some(text) = value.as_str() {
        return text.contains([SENT, FLOAT, STOP]);
    }
    let mut inner = value.try_iter().into_iter().flatten();
    if value.kind() == ValueKind::Map {
        return inner.any(|key| has_marks(&key) || value.get_item(&key).is_ok_and(|item| has_marks(&item)));
    }
    value.kind() == ValueKind::Seq && inner.any(|item| has_marks(&item))
}
