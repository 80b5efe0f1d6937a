//! XML elements as a tree, and how they are written.

use std::fmt::Display;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// An XML element with a text or with elements in it.
#[derive(Debug)]
pub(super) struct Tag {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    text: Option<String>,
    inner: Vec<Self>,
}

impl Tag {
    pub(super) const fn new(name: &'static str) -> Self {
        Self { name, attributes: Vec::new(), text: None, inner: Vec::new() }
    }

    /// The element with one more attribute.
    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.attributes.push((name, legal(&value.to_string())));
        self
    }

    /// The element with a text in it.
    #[must_use]
    pub(super) fn text(mut self, text: &str) -> Self {
        self.text = Some(legal(text));
        self
    }

    /// The element with more elements in it.
    #[must_use]
    pub(super) fn inner(mut self, inner: impl IntoIterator<Item = Self>) -> Self {
        self.inner.extend(inner);
        self
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let mut start = BytesStart::new(self.name);
        for (name, value) in &self.attributes {
            start.push_attribute((*name, value.as_str()));
        }
        if self.text.is_none() && self.inner.is_empty() {
            return writer.write_event(Event::Empty(start));
        }
        writer.write_event(Event::Start(start))?;
        if let Some(text) = &self.text {
            writer.write_event(Event::Text(BytesText::new(text)))?;
        }
        self.inner.iter().try_for_each(|inner| inner.write(writer))?;
        writer.write_event(Event::End(BytesEnd::new(self.name)))
    }
}

/// An XML document, with an element on each line.
pub(super) fn document(root: &Tag) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let written = writer
        .write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))
        .and_then(|()| root.write(&mut writer));
    // Memory takes all that is written to it, and what is written is text.
    let text = written.ok().and_then(|()| String::from_utf8(writer.into_inner()).ok()).unwrap_or_default();
    text + "\n"
}

/// A text of characters that XML has a place for (XML 1.0, section 2.2).
fn legal(text: &str) -> String {
    let is_legal =
        |next: char| matches!(next, '\t' | '\n' | '\r') || (next >= ' ' && !matches!(next, '\u{FFFE}' | '\u{FFFF}'));
    text.chars().map(|next| if is_legal(next) { next } else { char::REPLACEMENT_CHARACTER }).collect()
}
