//! The formatter: writes values escaped for JSON, between marks.
//!
//! The formatter does not know the context that it writes into (inside or outside quotes). So it encloses each value in marks,
//! Unicode noncharacters, and [`mark`](super::mark) checks the context and removes them. The same characters inside a value
//! are escaped like control characters, so a value cannot forge a mark.

use std::error::Error as _;
use std::fmt;

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Output, Value};

/// Starts the contents of a JSON string, which ends at [`END`].
pub(super) const TEXT: char = '\u{FDD0}';
/// Starts a whole JSON value, which ends at [`END`].
pub(super) const WHOLE: char = '\u{FDD1}';
/// Ends the output of a value.
pub(super) const END: char = '\u{FDD2}';
/// The prefix of variables in Control-M, in every field of a job.
pub(super) const CONTROL_M_VARIABLE: &str = "%%";

/// The first line of `source` that contains a mark, from 1.
pub(super) fn marked_line(source: &str) -> Option<usize> {
    source.lines().position(|line| line.contains([TEXT, WHOLE, END])).map(|index| index + 1)
}

/// The engine's formatter for `{{ .. }}`.
pub(super) fn write(out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        // Strict mode has refused undefined variables before; this is an `if` without an `else`, which writes nothing.
        return Ok(());
    }
    if let Some(text) = value.as_str() {
        if value.is_safe() {
            // The output of a macro, a block or `tojson` is escaped and marked already.
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

/// The filter `tojson`: a whole JSON value.
pub(super) fn tojson(value: &Value) -> Result<Value, Error> {
    Ok(Value::from_safe_string(whole(value)?))
}

fn whole(value: &Value) -> Result<String, Error> {
    Ok(format!("{WHOLE}{}{END}", json(value)?))
}

/// The value as JSON, without marks; an error if it contains a variable of Control-M.
fn json(value: &Value) -> Result<String, Error> {
    let text = serde_json::to_string(value).map_err(|error| {
        Error::new(ErrorKind::BadSerialization, "the value cannot be serialized as JSON").with_source(error)
    })?;
    if text.contains(CONTROL_M_VARIABLE) {
        return Err(Error::new(ErrorKind::InvalidOperation, Injected.to_string()).with_source(Injected));
    }
    // JSON has no marks outside strings, so the escape sequence is valid wherever one occurs.
    Ok(text.replace(TEXT, "\\ufdd0").replace(WHOLE, "\\ufdd1").replace(END, "\\ufdd2"))
}

/// The source of the engine's error for a value with a variable of Control-M.
#[derive(Debug)]
struct Injected;

impl fmt::Display for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value contains %%")
    }
}

impl std::error::Error for Injected {}

/// True if the engine failed because of a value with a variable of Control-M.
pub(super) fn is_injection(error: &Error) -> bool {
    error.source().is_some_and(<dyn std::error::Error>::is::<Injected>)
}
