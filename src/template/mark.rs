//! Checks the context of each value in the rendered text, and removes the marks.

use std::ops::Range;

use super::emit::{END, TEXT, WHOLE};

/// A value in a context where it is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Misplaced {
    /// The line of the rendered text, from 1.
    pub(super) line: usize,
    /// The context.
    pub(super) context: Context,
}

/// The contexts in which a value is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// The contents of a string, outside quotes.
    TextOutsideQuotes,
    /// A whole JSON value, inside quotes.
    WholeInsideQuotes,
    /// A value right after a backslash, which would escape its first character.
    AfterBackslash,
    /// A value that completes a `%%` with its neighbour.
    Injection,
}

/// The origin of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Template,
    Text,
    Whole,
}

#[derive(Debug)]
struct Scan {
    out: String,
    values: Vec<Range<usize>>,
    line: usize,
    origin: Origin,
    quoted: bool,
    escaped: bool,
    /// The origin of the previous character, if it was a `%`.
    percent: Option<Origin>,
    percents_are_text: bool,
}

/// The text without its marks and the parts of it that are values, or the first misplaced value. A `%%` is one, unless it is text.
pub(super) fn strip(marked: &str, percents_are_text: bool) -> Result<(String, Vec<Range<usize>>), Misplaced> {
    let mut scan = Scan {
        out: String::with_capacity(marked.len()),
        values: Vec::new(),
        line: 1,
        origin: Origin::Template,
        quoted: false,
        escaped: false,
        percent: None,
        percents_are_text,
    };
    for character in marked.chars() {
        match character {
            TEXT => scan.open(Origin::Text),
            WHOLE => scan.open(Origin::Whole),
            END => {
                scan.close();
                Ok(())
            }
            other => scan.push(other),
        }
        .map_err(|context| Misplaced { line: scan.line, context })?;
    }
    Ok((scan.out, scan.values))
}

impl Scan {
    fn open(&mut self, origin: Origin) -> Result<(), Context> {
        if self.escaped {
            return Err(Context::AfterBackslash);
        }
        if self.quoted && origin == Origin::Whole {
            return Err(Context::WholeInsideQuotes);
        }
        self.origin = origin;
        self.values.push(self.out.len()..self.out.len());
        Ok(())
    }

    fn close(&mut self) {
        self.origin = Origin::Template;
        if let Some(value) = self.values.last_mut() {
            value.end = self.out.len();
        }
    }

    fn push(&mut self, character: char) -> Result<(), Context> {
        // A comma or whitespace adds no key and closes no object: `{{ "," if not loop.last }}`.
        if self.origin == Origin::Text && !self.quoted && character != ',' && !character.is_whitespace() {
            return Err(Context::TextOutsideQuotes);
        }
        self.track_percent(character)?;
        self.track_quotes(character);
        if character == '\n' {
            self.line += 1;
        }
        self.out.push(character);
        Ok(())
    }

    fn track_percent(&mut self, character: char) -> Result<(), Context> {
        let before = self.percent.take();
        if character != '%' || self.percents_are_text {
            return Ok(());
        }
        if before.is_some_and(|origin| origin != Origin::Template || self.origin != Origin::Template) {
            return Err(Context::Injection);
        }
        self.percent = Some(self.origin);
        Ok(())
    }

    const fn track_quotes(&mut self, character: char) {
        match (self.quoted, self.escaped, character) {
            (true, true, _) => self.escaped = false,
            (true, false, '\\') => self.escaped = true,
            (quoted, false, '"') => self.quoted = !quoted,
            (true | false, _, _) => {}
        }
    }
}
