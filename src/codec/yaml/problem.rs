//! Problems of a configuration, with position, message and hint.
//!
//! ```text
//! topologies/control-m.yaml:7:24: bundle.slo: this key is unknown
//!    7 | bundle: { children: 1, slo: 24h }
//!      |                        ^^^ did you mean `sla`?
//! ```

use std::cell::RefCell;
use std::fmt;

use super::node::{Origin, Position};

/// Suffixes of keys whose values are masked when their line is quoted.
const SECRET_WORDS: [&str; 5] = ["api_key", "password", "secret", "token", ".key"];

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The path of the key (`bundle.sla`, `sources[1].topic`); empty for the whole file.
    pub path: String,
    /// The position of the key or value.
    pub at: Position,
    /// The message.
    pub message: String,
    /// The remedy.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem without a hint.
    pub fn new(path: &str, at: &Position, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), at: at.clone(), message: message.into(), hint: None }
    }

    /// The same problem with a hint.
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
                // A flag names the key itself: `--set http.bind`.
                if name.strip_prefix("--set ") == Some(&self.path) {
                    f.write_str(&self.message)?;
                } else {
                    self.message(f)?;
                }
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

/// Writes the line, carets under the word at the position, and the hint.
fn quote(f: &mut fmt::Formatter<'_>, text: &str, at: &Position, hint: Option<&str>) -> fmt::Result {
    let line = hide_secrets(text.lines().nth(at.line.saturating_sub(1)).unwrap_or_default());
    let before = at.column.saturating_sub(1);
    let word = line.chars().skip(before).take_while(|c| !c.is_whitespace() && !",:{}[]".contains(*c)).count();
    let carets = "^".repeat(word.clamp(1, 60));
    // A tab stays a tab, so that the carets are aligned for any tab width.
    let space: String = line.chars().take(before).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    write!(f, "\n{:>4} | {line}\n     | {space}{carets}", at.line)?;
    hint.map_or(Ok(()), |hint| write!(f, " {hint}"))
}

/// Masks the values of keys that look like secrets, character by character, which keeps the columns.
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

/// Masks the value that starts after `from`; returns the index of its end.
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

/// All problems of one document, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The problems in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// Adds the problems of another document after these.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
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

/// Collects the problems of all readers.
#[derive(Debug, Default)]
pub struct Collector(RefCell<Vec<Problem>>);

impl Collector {
    /// Adds a problem.
    pub fn push(&self, problem: Problem) {
        self.0.borrow_mut().push(problem);
    }

    /// Adds the problems of another document.
    pub fn extend(&self, problems: Problems) {
        self.0.borrow_mut().extend(problems.0);
    }

    /// The value, if there are no problems. `None` without a problem is a bug of a reader and becomes a problem of its own.
    pub fn finish<T>(self, whole: &Position, value: Option<T>) -> Result<T, Problems> {
        let mut problems = self.0.into_inner();
        problems.sort_by_key(|problem| (problem.at.line, problem.at.column));
        problems.dedup();
        match value {
            Some(value) if problems.is_empty() => Ok(value),
            None if problems.is_empty() => Err(Problem::new("", whole, "the content is invalid").into()),
            Some(_) | None => Err(Problems(problems)),
        }
    }
}

/// The known word that is closest to `word` by edit distance or has it as a prefix, as a hint.
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let distance = |other: &str| strsim::damerau_levenshtein(&word.to_lowercase(), &other.to_lowercase());
    let (best, distance) = known.into_iter().map(|other| (other, distance(other))).min_by_key(|(_, d)| *d)?;
    let near = distance <= 1 + best.chars().count() / 4;
    let begun = !word.is_empty() && best.starts_with(word);
    (near || begun).then(|| format!("did you mean `{best}`?"))
}
