//! A line of a story, and its layout: when, who, what.

use super::super::printer::Colour;
use crate::model::Timestamp;
use crate::testing::golden::hours;

/// The columns of a terminal.
pub(super) const WIDTH: usize = 80;
/// The columns of the time.
const TIME_WIDTH: usize = 8;
/// The columns between two parts of a line.
const GAP: usize = 2;

/// A line of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) at: Timestamp,
    /// Who does something: a worker, a topic, a sink, sheaf.
    pub(super) who: String,
    pub(super) text: String,
    pub(super) colour: Colour,
}

impl Line {
    /// The lines on a terminal; those who do something have this many columns.
    pub(super) fn layout(&self, who_width: usize, colours: bool) -> Vec<String> {
        let indent = TIME_WIDTH + GAP + who_width + GAP;
        let texts = wrap(&self.text, WIDTH.saturating_sub(indent)).into_iter().enumerate();
        let line = |(index, text)| {
            let (time, who) = if index == 0 { (hours(self.at), &*self.who) } else { (String::new(), "") };
            paint(&format!("{time:>TIME_WIDTH$}  {who:<who_width$}  {text}"), self.colour, colours)
        };
        texts.map(line).collect()
    }
}

/// A text in a colour.
pub(super) fn paint(text: &str, colour: Colour, colours: bool) -> String {
    if colours { format!("\x1b[{}m{text}\x1b[0m", colour.code()) } else { text.to_owned() }
}

/// A text in lines of at most this many characters, between words where that is possible.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        while !word.is_empty() {
            let rest = word.split_off(word.len().min(width.max(1)));
            let piece: String = word.iter().collect();
            match lines.last_mut() {
                Some(line) if line.is_empty() => *line = piece,
                Some(line) if line.chars().count() + 1 + word.len() <= width => line.extend([" ", &piece]),
                Some(_) | None => lines.push(piece),
            }
            word = rest;
        }
    }
    lines
}
