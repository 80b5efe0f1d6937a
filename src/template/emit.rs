//! The formatter: writes values escaped for JSON, between marks.
//!
//! The formatter does not know the context that it writes into (inside or outside quotes). So it encloses each value in marks,
//! Unicode noncharacters, and [`mark`](super::mark) checks the context and removes them. The same characters inside a value
//! are escaped like control characters, so a value cannot forge a mark.
//!
//! What a template has rendered itself, by `tojson`, a macro or a block, it may take as a value: `{{ parent | tojson | tojson }}`,
//! `{{ label(x) ~ "-a" }}`. Then the marks in it are removed again, and the escapes between them.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt;

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Output, Value};

use super::number::{self, FLOAT, SENT, STOP, Sent};

/// Starts the contents of a JSON string, which ends at [`END`].
pub(super) const TEXT: char = '\u{FDD0}';
/// Starts a whole JSON value, which ends at [`END`].
pub(super) const WHOLE: char = '\u{FDD1}';
/// Ends the output of a value.
pub(super) const END: char = '\u{FDD2}';
/// All marks of values.
pub(super) const MARKS: [char; 3] = [TEXT, WHOLE, END];
/// The spellings in which floats were sent, by what the engine writes; `None`: in more than one.
pub(super) type Spellings = BTreeMap<String, Option<String>>;
/// The prefix of variables in Control-M, in every field of a job.
pub(super) const CONTROL_M_VARIABLE: &str = "%%";

/// How values are written.
#[derive(Debug, Default)]
pub(super) struct Style {
    /// The spellings of floats.
    pub(super) spellings: Option<Spellings>,
    /// True if marks in texts are characters that events have sent.
    pub(super) events_have_marks: bool,
    /// True if `%%` is text: the receiver is not Control-M.
    pub(super) percents_are_text: bool,
}

/// The first line of `source` that contains a mark, from 1.
pub(super) fn marked_line(source: &str) -> Option<usize> {
    source.lines().position(|line| line.contains([TEXT, WHOLE, END, SENT, FLOAT, STOP])).map(|index| index + 1)
}

/// The engine's formatter for `{{ .. }}`.
pub(super) fn write(out: &mut Output<'_>, value: &Value, style: &Style) -> Result<(), Error> {
    if value.is_undefined() {
        // Strict mode has refused undefined variables before; this is an `if` without an `else`, which writes nothing.
        return Ok(());
    }
    if let Some(text) = value.as_str() {
        if value.is_safe() {
            // The output of a macro, a block or `tojson` is escaped and marked already.
            return Ok(out.write_str(text)?);
        }
        let quoted = json(value, style)?;
        let contents = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&quoted);
        return Ok(write!(out, "{TEXT}{contents}{END}")?);
    }
    if matches!(value.kind(), ValueKind::Number | ValueKind::Bool) || value.downcast_object_ref::<Sent>().is_some() {
        return Ok(out.write_str(&json(value, style)?)?);
    }
    Ok(out.write_str(&whole(value, style)?)?)
}

/// The filter `tojson`: a whole JSON value.
pub(super) fn tojson(value: &Value, style: &Style) -> Result<Value, Error> {
    Ok(Value::from_safe_string(whole(value, style)?))
}

fn whole(value: &Value, style: &Style) -> Result<String, Error> {
    Ok(format!("{WHOLE}{}{END}", json(value, style)?))
}

/// The value as JSON, without marks but those of numbers; an error if it contains a variable of Control-M.
fn json(value: &Value, style: &Style) -> Result<String, Error> {
    let mut text = String::new();
    append(value, style, &mut text)?;
    if !style.percents_are_text && text.contains(CONTROL_M_VARIABLE) {
        return Err(Error::new(ErrorKind::InvalidOperation, Injected.to_string()).with_source(Injected));
    }
    // JSON has no marks outside strings, so the escape sequence is valid wherever one occurs.
    Ok(text.replace(TEXT, "\\ufdd0").replace(WHOLE, "\\ufdd1").replace(END, "\\ufdd2"))
}

/// Appends the value as JSON. Only objects, lists and numbers have numbers, whose spelling is that in which they were sent.
fn append(value: &Value, style: &Style, text: &mut String) -> Result<(), Error> {
    if let Some(sent) = value.downcast_object_ref::<Sent>() {
        text.push_str(&number::marked(&sent.digits, &serialized(&sent.near)?));
        return Ok(());
    }
    if value.kind() == ValueKind::Map {
        text.push('{');
        for (index, key) in value.try_iter()?.enumerate() {
            let name = serialized(&key)?;
            let quote = if name.starts_with('"') { "" } else { "\"" };
            let comma = if index > 0 { "," } else { "" };
            text.extend([comma, quote, &name, quote, ":"]);
            append(&value.get_item(&key)?, style, text)?;
        }
        text.push('}');
    } else if value.kind() == ValueKind::Seq {
        text.push('[');
        for (index, item) in value.try_iter()?.enumerate() {
            text.push_str(if index > 0 { "," } else { "" });
            append(&item, style, text)?;
        }
        text.push(']');
    } else if value.kind() == ValueKind::Number {
        text.push_str(&spelled(serialized(value)?, style.spellings.as_ref())?);
    } else {
        match value.as_str().filter(|text| !style.events_have_marks && text.contains(MARKS)) {
            Some(rendered) => text.push_str(&serialized(&Value::from(unmarked(rendered)?))?),
            None => text.push_str(&serialized(value)?),
        }
    }
    Ok(())
}

/// The text that a rendered one stands for. An error if a filter has changed a mark or an escape in it.
fn unmarked(rendered: &str) -> Result<String, Error> {
    plain(rendered).ok_or_else(|| {
        let detail = "the output of tojson, a macro or a block is escaped already, and a filter has changed that: apply the filter \
                      to the values in it";
        Error::new(ErrorKind::InvalidOperation, detail)
    })
}

fn plain(rendered: &str) -> Option<String> {
    let (mut plain, mut rest) = (String::with_capacity(rendered.len()), rendered);
    while let Some(start) = rest.find(MARKS) {
        let (before, marked) = rest.split_at(start);
        let (contents, after) = marked.strip_prefix([TEXT, WHOLE])?.split_once(END)?;
        plain.push_str(before);
        if marked.starts_with(TEXT) {
            plain.push_str(&serde_json::from_str::<String>(&format!("\"{contents}\"")).ok()?);
        } else {
            plain.push_str(contents);
        }
        rest = after;
    }
    plain.push_str(rest);
    Some(plain)
}

/// The spelling in which a number was sent, if it was.
fn spelled(number: String, spellings: Option<&Spellings>) -> Result<String, Error> {
    match spellings.and_then(|spellings| spellings.get(&number)) {
        None => Ok(number),
        Some(Some(sent)) => Ok(sent.clone()),
        Some(None) => {
            let detail = format!(
                "{number} was sent in several spellings, and this template also calculates with numbers or compares them: \
                 write `| float` where it does"
            );
            Err(Error::new(ErrorKind::InvalidOperation, detail))
        }
    }
}

fn serialized(value: &Value) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| {
        Error::new(ErrorKind::BadSerialization, "the value cannot be serialized as JSON").with_source(error)
    })
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
