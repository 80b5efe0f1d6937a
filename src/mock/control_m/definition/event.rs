//! Lists of events, and the expression that a job waits for.

use serde_json::{Map, Value};

use super::super::answer::Problem;
use super::field::text;

/// The most brackets that may be open at a time.
const DEPTH_MAX: usize = 32;

/// An event by name, with a date that depends on the job's order date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mock::control_m) struct EventRef {
    /// Its name.
    pub(in crate::mock::control_m) name: String,
    /// Its date.
    pub(in crate::mock::control_m) date: DateRef,
}

/// The date of an event, as a definition says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mock::control_m) enum DateRef {
    /// The order date of the job, plus so many days.
    OrderDate(i32),
    /// None: the event is valid on all days.
    None,
    /// Any date, and also none.
    Any,
    /// A date, `MMDD`.
    Of(String),
}

/// What a job waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mock::control_m) enum Wait {
    /// An event.
    Event(EventRef),
    /// All of them.
    All(Vec<Wait>),
    /// One of them.
    Any(Vec<Wait>),
}

impl Wait {
    /// Whether it is met, by the events that are there.
    pub(in crate::mock::control_m) fn is_met(&self, is_there: &impl Fn(&EventRef) -> bool) -> bool {
        match self {
            Self::Event(event) => is_there(event),
            Self::All(parts) => parts.iter().all(|part| part.is_met(is_there)),
            Self::Any(parts) => parts.iter().any(|part| part.is_met(is_there)),
        }
    }

    /// All events in it.
    pub(in crate::mock::control_m) fn events(&self) -> Vec<&EventRef> {
        match self {
            Self::Event(event) => vec![event],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::events).collect(),
        }
    }
}

impl DateRef {
    /// Reads a date; none is the order date, in definitions and in the API.
    pub(in crate::mock::control_m) fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "" | "orderdate" | "odat" => Some(Self::OrderDate(0)),
            "previousorderdate" | "prev" => Some(Self::OrderDate(-1)),
            "nextorderdate" | "next" => Some(Self::OrderDate(1)),
            "nodate" | "stat" => Some(Self::None),
            "anydate" | "any" => Some(Self::Any),
            digits => is_month_and_day(digits).then(|| Self::Of(digits.to_owned())),
        }
    }
}

fn is_month_and_day(text: &str) -> bool {
    let number = |part: Option<&str>| part.and_then(|part| part.parse::<i8>().ok()).unwrap_or(0);
    text.len() == 4 && jiff::civil::Date::new(2024, number(text.get(..2)), number(text.get(2..))).is_ok()
}

/// The events of `AddEvents` and `DeleteEvents`.
pub(super) fn list(item: &str, object: &Map<String, Value>) -> Result<Vec<EventRef>, Problem> {
    parts(object).filter(|part| part.is_object()).map(|part| event(item, part)).collect()
}

/// The expression of `WaitForEvents`: a plain list means all; `OR` binds weaker than `AND`.
pub(super) fn expression(item: &str, object: &Map<String, Value>) -> Result<Option<Wait>, Problem> {
    let parts: Vec<&Value> = parts(object).collect();
    if parts.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser { item, parts: &parts, at: 0, depth: 0 };
    let wait = parser.any()?;
    if parser.at < parts.len() { Err(parser.problem()) } else { Ok(Some(wait)) }
}

fn parts(object: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    object.get("Events").and_then(Value::as_array).into_iter().flatten()
}

fn event(item: &str, part: &Value) -> Result<EventRef, Problem> {
    let Some(object) = part.as_object() else { return Err(Problem::of(item, "An event must be an object")) };
    named(item, object)
}

/// The event of an object with `Event` and `Date`.
pub(super) fn named(item: &str, object: &Map<String, Value>) -> Result<EventRef, Problem> {
    let (name, date) = (text(object, "Event"), text(object, "Date"));
    let known = DateRef::parse(&date);
    let date = known.ok_or_else(|| Problem::of(item, format!("Unknown date '{date}' of the event '{name}'")))?;
    Ok(EventRef { name, date })
}

/// A recursive descent over the list; its depth is bounded.
struct Parser<'a> {
    item: &'a str,
    parts: &'a [&'a Value],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Wait, Problem> {
        let mut found = vec![self.all()?];
        while self.takes("OR") {
            found.push(self.all()?);
        }
        Ok(if found.len() == 1 { found.remove(0) } else { Wait::Any(found) })
    }

    fn all(&mut self) -> Result<Wait, Problem> {
        let mut found = vec![self.one()?];
        loop {
            let is_next = self.takes("AND") || self.parts.get(self.at).is_some_and(|part| opens(part));
            if !is_next {
                break;
            }
            found.push(self.one()?);
        }
        Ok(if found.len() == 1 { found.remove(0) } else { Wait::All(found) })
    }

    fn one(&mut self) -> Result<Wait, Problem> {
        if self.takes("(") {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return Err(Problem::of(self.item, format!("More than {DEPTH_MAX} brackets are open")));
            }
            let wait = self.any()?;
            self.depth -= 1;
            return if self.takes(")") { Ok(wait) } else { Err(self.problem()) };
        }
        let Some(part) = self.parts.get(self.at).filter(|part| part.is_object()) else { return Err(self.problem()) };
        self.at += 1;
        event(self.item, part).map(Wait::Event)
    }

    fn takes(&mut self, word: &str) -> bool {
        let found = self.parts.get(self.at).and_then(|part| part.as_str()).is_some_and(|part| part == word);
        self.at += usize::from(found);
        found
    }

    fn problem(&self) -> Problem {
        let message = match self.parts.get(self.at) {
            Some(part) => format!("The list of events is no expression: {part} is not expected"),
            None => "The list of events is no expression: it ends too early".to_owned(),
        };
        Problem::of(self.item, message)
    }
}

fn opens(part: &Value) -> bool {
    part.is_object() || part.as_str() == Some("(")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{DateRef, expression};

    fn is_met(list: &Value, there: &[&str]) -> Result<bool, String> {
        let object = json!({ "Events": list });
        let wait = expression("j", object.as_object().unwrap()).map_err(|problem| problem.message)?;
        Ok(wait.is_none_or(|wait| wait.is_met(&|event| there.contains(&event.name.as_str()))))
    }

    #[test]
    fn a_wait_is_an_expression_of_events() {
        let [a, b, c] = ["a", "b", "c"].map(|name| json!({ "Event": name }));
        assert_eq!(is_met(&json!([]), &[]), Ok(true));
        assert_eq!(is_met(&json!([a, b]), &["a"]), Ok(false));
        assert_eq!(is_met(&json!([a, "AND", b]), &["a", "b"]), Ok(true));
        assert_eq!(is_met(&json!([a, "OR", b, "AND", c]), &["a"]), Ok(true));
        assert_eq!(is_met(&json!(["(", a, "OR", b, ")", "AND", c]), &["a"]), Ok(false));
        assert_eq!(is_met(&json!(["(", a, "OR", b, ")", c]), &["b", "c"]), Ok(true));
        for wrong in [json!([a, ")"]), json!(["(", a]), json!(["OR"]), json!([a, "XOR", b])] {
            assert!(is_met(&wrong, &[]).is_err(), "{wrong}");
        }
        let mut deep: Vec<Value> = vec![json!("("); 100_000];
        deep.push(a);
        assert!(is_met(&Value::Array(deep), &[]).unwrap_err().contains("brackets"));
    }

    #[test]
    fn dates_have_the_words_of_definitions_and_of_the_api() {
        for (text, date) in [
            ("", DateRef::OrderDate(0)),
            ("OrderDate", DateRef::OrderDate(0)),
            ("ODAT", DateRef::OrderDate(0)),
            ("PreviousOrderDate", DateRef::OrderDate(-1)),
            ("NextOrderDate", DateRef::OrderDate(1)),
            ("NoDate", DateRef::None),
            ("STAT", DateRef::None),
            ("AnyDate", DateRef::Any),
            ("0229", DateRef::Of("0229".to_owned())),
        ] {
            assert_eq!(DateRef::parse(text), Some(date), "{text}");
        }
        for text in ["1332", "0230", "12", "yesterday", "äb1"] {
            assert_eq!(DateRef::parse(text), None, "{text}");
        }
    }
}
