//! Judges where values stand in the rendered text, and takes their marks away.

use super::emit::{END, TEXT, WHOLE};

/// What is wrong with the place of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    /// The line of the rendered text, from 1.
    pub(super) line: usize,
    /// What is wrong there.
    pub(super) kind: FlawKind,
}

/// The ways in which a value can stand in the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlawKind {
    /// The contents of a string, outside quotes.
    TextOutsideQuotes,
    /// A whole JSON value, inside quotes.
    WholeInsideQuotes,
    /// A value right after a backslash, which would take its first character away.
    AfterBackslash,
    /// A value completes a `%%` with its neighbour.
    Injection,
}

/// Who wrote a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    Template,
    Text,
    Whole,
}

#[derive(Debug)]
struct Scan {
    out: String,
    line: usize,
    writer: Writer,
    quoted: bool,
    escaped: bool,
    /// Who wrote the character before, when it was a `%`.
    percent: Option<Writer>,
}

/// The text without its marks, or the first value that stands in the wrong place.
pub(super) fn settle(marked: &str) -> Result<String, Flaw> {
    let mut scan = Scan {
        out: String::with_capacity(marked.len()),
        line: 1,
        writer: Writer::Template,
        quoted: false,
        escaped: false,
        percent: None,
    };
    for character in marked.chars() {
        match character {
            TEXT => scan.open(Writer::Text),
            WHOLE => scan.open(Writer::Whole),
            END => {
                scan.writer = Writer::Template;
                Ok(())
            }
            other => scan.take(other),
        }
        .map_err(|kind| Flaw { line: scan.line, kind })?;
    }
    Ok(scan.out)
}

impl Scan {
    fn open(&mut self, writer: Writer) -> Result<(), FlawKind> {
        if self.escaped {
            return Err(FlawKind::AfterBackslash);
        }
        if self.quoted && writer == Writer::Whole {
            return Err(FlawKind::WholeInsideQuotes);
        }
        self.writer = writer;
        Ok(())
    }

    fn take(&mut self, character: char) -> Result<(), FlawKind> {
        // A comma or a blank can neither close anything nor name anything: `{{ "," if not loop.last }}`.
        if self.writer == Writer::Text && !self.quoted && character != ',' && !character.is_whitespace() {
            return Err(FlawKind::TextOutsideQuotes);
        }
        self.track_percent(character)?;
        self.track_quotes(character);
        if character == '\n' {
            self.line += 1;
        }
        self.out.push(character);
        Ok(())
    }

    fn track_percent(&mut self, character: char) -> Result<(), FlawKind> {
        let before = self.percent.take();
        if character != '%' {
            return Ok(());
        }
        if before.is_some_and(|writer| writer != Writer::Template || self.writer != Writer::Template) {
            return Err(FlawKind::Injection);
        }
        self.percent = Some(self.writer);
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
