//! One mistake and all of them, as a person reads them: where, what, and what to write instead.
//!
//! ```text
//! topologies/control-m.yaml:7:24: bundle.slo: this key is unknown
//!    7 | bundle: { children: 1, slo: 24h }
//!      |                        ^^^ did you mean `sla`?
//! ```

use std::cell::RefCell;
use std::fmt;

use super::node::{Origin, Position};

/// Keys whose values are not shown when their line is quoted.
const SECRET_WORDS: [&str; 5] = ["api_key", "password", "secret", "token", ".key"];

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key that it is about (`bundle.sla`, `sources[1].topic`); empty for the file as a whole.
    pub path: String,
    /// Where that was written.
    pub at: Position,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// A mistake without a hint.
    pub fn new(path: &str, at: &Position, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), at: at.clone(), message: message.into(), hint: None }
    }

    /// The same mistake with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    fn message(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.at.origin {
            Origin::Named(name) => {
                write!(f, "{name}: ")?;
                self.message(f)?;
                self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {hint}"))
            }
            Origin::File { name, text } => {
                write!(f, "{name}:{}:{}: ", self.at.line, self.at.column)?;
                self.message(f)?;
                quote(f, text, &self.at, self.hint.as_deref())
            }
        }
    }
}

/// The line, and a caret under what the problem is about, followed by the hint.
fn quote(f: &mut fmt::Formatter<'_>, text: &str, at: &Position, hint: Option<&str>) -> fmt::Result {
    let line = hide_secrets(text.lines().nth(at.line.saturating_sub(1)).unwrap_or_default());
    let before = at.column.saturating_sub(1);
    let word = line.chars().skip(before).take_while(|c| !c.is_whitespace() && !",:{}[]".contains(*c)).count();
    let carets = "^".repeat(word.clamp(1, 60));
    // A tab stays a tab, so that the caret stands below its character whatever a tab's width is.
    let space: String = line.chars().take(before).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    write!(f, "\n{:>4} | {line}\n     | {space}{carets}", at.line)?;
    hint.map_or(Ok(()), |hint| write!(f, " {hint}"))
}

/// Replaces the values of keys that look like secrets, character by character, so that columns stay.
fn hide_secrets(line: &str) -> String {
    let mut shown: Vec<char> = line.chars().collect();
    let lower: Vec<char> = shown.iter().map(char::to_ascii_lowercase).collect();
    let mut from = 0;
    while let Some(colon) = (from..lower.len()).find(|at| lower.get(*at) == Some(&':')) {
        from = colon + 1;
        let key: String = lower.iter().take(colon).collect();
        let key = key.trim_end_matches(['"', '\'', ' ']);
        if SECRET_WORDS.iter().any(|word| key.ends_with(word)) {
            from = hide_value(&mut shown, from);
        }
    }
    shown.into_iter().collect()
}

/// Hides the value that begins after `from`; returns where it ends.
fn hide_value(shown: &mut [char], from: usize) -> usize {
    let skip = shown.iter().skip(from).take_while(|c| c.is_whitespace()).count();
    let quote = shown.get(from + skip).copied().filter(|c| matches!(c, '"' | '\''));
    let begin = from + skip + usize::from(quote.is_some());
    let mut at = begin;
    for c in shown.iter_mut().skip(begin) {
        let ends = match quote {
            Some(quote) => *c == quote,
            None => matches!(c, ',' | '}'),
        };
        if ends {
            break;
        }
        *c = '*';
        at += 1;
    }
    at
}

/// All mistakes of one reading, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The mistakes.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Where readers leave their problems.
#[derive(Debug, Default)]
pub struct Collector(RefCell<Vec<Problem>>);

impl Collector {
    /// Takes a problem.
    pub fn push(&self, problem: Problem) {
        self.0.borrow_mut().push(problem);
    }

    /// Takes all problems of another reading.
    pub fn extend(&self, problems: Problems) {
        self.0.borrow_mut().extend(problems.0);
    }

    /// The value, if nothing was wrong. `None` without a problem is a reader's own mistake and reported as such.
    pub fn finish<T>(self, whole: &Position, value: Option<T>) -> Result<T, Problems> {
        let mut problems = self.0.into_inner();
        problems.sort_by_key(|problem| (problem.at.line, problem.at.column));
        problems.dedup();
        match value {
            Some(value) if problems.is_empty() => Ok(value),
            None if problems.is_empty() => Err(Problem::new("", whole, "this cannot be read").into()),
            Some(_) | None => Err(Problems(problems)),
        }
    }
}

/// The known word that somebody who wrote `word` may have meant, as a hint.
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let distance = |other: &str| strsim::damerau_levenshtein(&word.to_lowercase(), &other.to_lowercase());
    let (best, distance) = known.into_iter().map(|other| (other, distance(other))).min_by_key(|(_, d)| *d)?;
    let near = distance <= 1 + best.chars().count() / 4;
    let begun = !word.is_empty() && best.starts_with(word);
    (near || begun).then(|| format!("did you mean `{best}`?"))
}
