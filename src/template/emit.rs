//! Writes values into the text: escaped for JSON, and marked, so that the text shows what came from a value.
//!
//! The formatter does not see where in the text it writes. So it puts marks around what a value wrote, characters that
//! Unicode will never give to a text (noncharacters), and [`place`](super::place) judges and removes them. The same
//! characters inside a value are escaped like any control character, so a value cannot forge a mark.

use std::error::Error as _;
use std::fmt;

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Output, Value};

/// Opens the contents of a JSON string; ends with [`END`].
pub(super) const TEXT: char = '\u{FDD0}';
/// Opens a whole JSON value; ends with [`END`].
pub(super) const WHOLE: char = '\u{FDD1}';
/// Ends what a value wrote.
pub(super) const END: char = '\u{FDD2}';
/// What begins a variable in Control-M's own language, in every field of a job.
pub(super) const CONTROL_M_VARIABLE: &str = "%%";

/// The first line of `source` with one of the marks in it, counted from 1.
pub(super) fn marked_line(source: &str) -> Option<usize> {
    source.lines().position(|line| line.contains([TEXT, WHOLE, END])).map(|place| place + 1)
}

/// The engine's formatter: writes what stands between `{{` and `}}`.
pub(super) fn write(out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        // Strict variables have been refused before; this is an `if` without an `else`, which writes nothing.
        return Ok(());
    }
    if let Some(text) = value.as_str() {
        if value.is_safe() {
            // A macro, a block or `tojson`: escaped and marked already.
            return Ok(out.write_str(text)?);
        }
        let quoted = json(value)?;
        let contents = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&quoted);
        return Ok(write!(out, "{TEXT}{contents}{END}")?);
    }
    if matches!(value.kind(), ValueKind::Number | ValueKind::Bool) {
        return Ok(out.write_str(&json(value)?)?);
    }
    Ok(out.write_str(&whole(value)?)?)
}

/// The filter `tojson`: the value as a whole JSON value.
pub(super) fn tojson(value: &Value) -> Result<Value, Error> {
    Ok(Value::from_safe_string(whole(value)?))
}

fn whole(value: &Value) -> Result<String, Error> {
    Ok(format!("{WHOLE}{}{END}", json(value)?))
}

/// The value in JSON, free of marks and of Control-M's variables.
fn json(value: &Value) -> Result<String, Error> {
    let text = serde_json::to_string(value)
        .map_err(|error| Error::new(ErrorKind::BadSerialization, "the value has no form in JSON").with_source(error))?;
    if text.contains(CONTROL_M_VARIABLE) {
        return Err(Error::new(ErrorKind::InvalidOperation, Injected.to_string()).with_source(Injected));
    }
    // JSON knows no mark outside of a string, so escaping the character is right wherever it stands.
    Ok(text.replace(TEXT, "\\ufdd0").replace(WHOLE, "\\ufdd1").replace(END, "\\ufdd2"))
}

/// The source of the engine's error when a value brings a variable of Control-M.
#[derive(Debug)]
struct Injected;

impl fmt::Display for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value contains %%")
    }
}

impl std::error::Error for Injected {}

/// True when the engine stopped because a value brings a variable of Control-M.
pub(super) fn is_injection(error: &Error) -> bool {
    error.source().is_some_and(<dyn std::error::Error>::is::<Injected>)
}
