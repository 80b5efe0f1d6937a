//! The commands of a section of the documentation, as they stand there.

use std::collections::BTreeMap;

use super::super::super::cluster::root;

/// The words in capitals for which an operator has to put something else.
const PLACEHOLDERS: [&str; 12] = [
    "FILE",
    "ID",
    "INSTANCE",
    "KEY_FILE",
    "LETTER",
    "OFFSET",
    "PARTITION",
    "REASON",
    "STEP",
    "STORE",
    "SUBMISSION",
    "TOPIC",
];

/// The commands of a section that are left: the lines of its blocks `sh`, in order.
pub(in super::super) struct Runbook {
    section: String,
    lines: std::vec::IntoIter<String>,
}

impl Runbook {
    /// Opens a page at the section with this title.
    pub(in super::super) fn open(page: &str, section: &str) -> Self {
        let text = std::fs::read_to_string(root().join(page)).expect("the page");
        let (_, rest) =
            text.split_once(&format!("\n### {section}\n")).unwrap_or_else(|| panic!("{page}: no {section}"));
        let end = rest.find("\n### ").or_else(|| rest.find("\n## ")).unwrap_or(rest.len());
        let commands = blocks(rest.get(..end).expect("a section"));
        assert!(!commands.is_empty(), "{page}: {section} has no commands");
        Self { section: section.to_owned(), lines: commands.into_iter() }
    }

    /// The next command, which has to begin with this, with what its words in capitals stand for.
    pub(in super::super) fn next(&mut self, begin: &str, words: &BTreeMap<String, String>) -> String {
        let Self { section, lines } = self;
        let line = lines.next().unwrap_or_else(|| panic!("{section} ends before {begin}"));
        assert!(line.starts_with(begin), "{section} goes on with {line}, and not with {begin}");
        filled_in(&line, words)
    }

    /// Fails if there are further commands.
    pub(in super::super) fn finish(mut self) {
        assert_eq!(self.lines.next(), None, "{} has more", self.section);
    }
}

/// The lines of the blocks `sh` of a text.
pub(in super::super) fn blocks(text: &str) -> Vec<String> {
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    blocks.flat_map(str::lines).map(str::to_owned).collect()
}

/// A line with what its words in capitals stand for. Variables of the shell (`$TOPIC`) are left to the shell.
fn filled_in(line: &str, words: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    let mut rest = line;
    while !rest.is_empty() {
        let is_part = |it: char| it.is_ascii_alphanumeric() || it == '_';
        let length =
            rest.find(|it| !is_part(it)).unwrap_or(rest.len()).max(rest.chars().next().map_or(1, char::len_utf8));
        let (word, after) = rest.split_at(length);
        let is_placeholder = PLACEHOLDERS.contains(&word) && !text.ends_with('$');
        match words.get(word).filter(|_| is_placeholder) {
            Some(value) => text.push_str(value),
            None if is_placeholder => panic!("what is {word} in `{line}`?"),
            None => text.push_str(word),
        }
        rest = after;
    }
    text
}

#[test]
fn words_in_capitals_are_filled_in_and_variables_are_not() {
    let words = [("TOPIC", "orders"), ("ID", "o-1")].map(|(word, value)| (word.to_owned(), value.to_owned()));
    let line = filled_in("show ID --topic \"$TOPIC\" TOPIC-ID IDS --why 'é'", &words.into());
    assert_eq!(line, "show o-1 --topic \"$TOPIC\" orders-o-1 IDS --why 'é'");
}

#[test]
#[should_panic(expected = "what is LETTER in `sheaf dlq show LETTER`?")]
fn a_word_that_nobody_knows_is_not_run() {
    filled_in("sheaf dlq show LETTER", &BTreeMap::new());
}
