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

use super::emit::{self, MARKS, Spellings, Style};
use super::number::{self, FLOAT, SENT, STOP};

/// The marked text of the template with this name.
pub(super) fn render(
    environment: &Environment<'static>,
    name: &str,
    context: Value,
    percents_are_text: bool,
) -> Result<String, Error> {
    let events_have_marks = contains(&context, &MARKS);
    let style = Style { spellings: None, events_have_marks, percents_are_text };
    let of_its_own = (events_have_marks || percents_are_text).then(|| styled(environment, style));
    let environment = of_its_own.as_ref().unwrap_or(environment);
    let template = environment.get_template(name)?;
    let Some(near) = number::near(&context) else { return template.render(context) };
    let calculated = template.render(near);
    if !contains(&context, &[SENT, FLOAT, STOP])
        && let (Ok(sent), Ok(calculated)) = (template.render(context.clone()), &calculated)
        && number::resolve(&sent, false) == *calculated
    {
        return Ok(number::resolve(&sent, true));
    }
    calculated?;
    let spellings = Some(spellings(&context));
    let environment = styled(environment, Style { spellings, events_have_marks, percents_are_text });
    let near = number::near(&context).unwrap_or(context);
    environment.get_template(name)?.render(near)
}

/// The same templates with values in this style.
fn styled(environment: &Environment<'static>, style: Style) -> Environment<'static> {
    let mut environment = environment.clone();
    let style = Arc::new(style);
    let of_filter = Arc::clone(&style);
    environment.add_filter("tojson", move |value: &Value| emit::tojson(value, &of_filter));
    environment.set_formatter(move |out, _, value| emit::write(out, value, &style));
    environment
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

/// True if a text of the context has one of these characters.
fn contains(value: &Value, marks: &[char]) -> bool {
    if let Some(text) = value.as_str() {
        return text.contains(marks);
    }
    let mut inner = value.try_iter().into_iter().flatten();
    if value.kind() == ValueKind::Map {
        return inner.any(|key| contains(&key, marks) || value.get_item(&key).is_ok_and(|item| contains(&item, marks)));
    }
    value.kind() == ValueKind::Seq && inner.any(|item| contains(&item, marks))
}
