//! Errors of compiling and rendering a template.

use std::fmt;

use minijinja::ErrorKind;

use super::emit;
use super::known;
use super::limit::FUEL;
use super::mark::{Context, Misplaced};
use super::quote::quote;
use super::uses::Kind;

/// How much of the rendered text is quoted, in characters.
const NEAR_CHARS: usize = 40;

/// The position of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// The template's name.
    pub template: String,
    /// The line, from 1.
    pub line: usize,
    /// True: a line of the rendered text; false: of the template's source.
    pub rendered: bool,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = if self.rendered { " of the rendered text" } else { "" };
        write!(f, "template {}, line {}{of}", self.template, self.line)
    }
}

/// An error of compiling or rendering a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The source is not a template.
    #[error("{at}: {detail}: correct the template")]
    Syntax {
        /// The position.
        at: At,
        /// The engine's message.
        detail: String,
    },
    /// An expression uses an undefined variable, field or filter.
    #[error("{at}: `{expression}` is undefined: correct the name, or give a default with `| default(..)`")]
    Undefined {
        /// The position.
        at: At,
        /// The expression as it is in the template.
        expression: String,
    },
    /// The rendering exceeded its number of steps.
    #[error("{at}: more than {} steps: make its loops shorter", FUEL)]
    Fuel {
        /// The position when the limit was reached.
        at: At,
    },
    /// An expression fails with these values.
    #[error("{at}: `{expression}`: {detail}")]
    Evaluation {
        /// The position.
        at: At,
        /// The expression as it is in the template.
        expression: String,
        /// The engine's message.
        detail: String,
    },
    /// A value contains, or completes, a variable of Control-M.
    #[error(
        "{at}: {expression} brings `%%`, which Control-M would replace: correct the event, or take the field out of the template"
    )]
    Injection {
        /// The position.
        at: At,
        /// The expression as it is in the template.
        expression: String,
    },
    /// A value in a context where it could change the structure of the result.
    #[error("{at}: {detail}")]
    Misplaced {
        /// The position.
        at: At,
        /// The value's context and the remedy.
        detail: &'static str,
    },
    /// The rendered text is not one JSON object without duplicate keys.
    #[error("{at}: not one JSON object: {detail}: correct the template")]
    NotJson {
        /// The position.
        at: At,
        /// The parser's message, with line and column.
        detail: String,
    },
    /// The rendered text is too long.
    #[error("template {template}: the rendered text of {bytes} bytes is longer than {limit}: write less per child")]
    TooLarge {
        /// The template's name.
        template: String,
        /// The size of the text in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
}

impl Error {
    /// All kinds, so that each metric series can start at 0.
    pub const KINDS: [&'static str; 8] =
        ["syntax", "undefined", "fuel", "evaluation", "injection", "misplaced", "invalid_json", "too_large"];

    /// The stable name in a metric's label.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "syntax",
            Self::Undefined { .. } => "undefined",
            Self::Fuel { .. } => "fuel",
            Self::Evaluation { .. } => "evaluation",
            Self::Injection { .. } => "injection",
            Self::Misplaced { .. } => "misplaced",
            Self::NotJson { .. } => "invalid_json",
            Self::TooLarge { .. } => "too_large",
        }
    }

    /// The mistake that it tells of, whatever the values of a rendering.
    pub fn place(&self) -> String {
        match self {
            Self::Undefined { at, .. } | Self::Evaluation { at, .. } | Self::Injection { at, .. } => at.to_string(),
            Self::Syntax { .. }
            | Self::Fuel { .. }
            | Self::Misplaced { .. }
            | Self::NotJson { .. }
            | Self::TooLarge { .. } => self.kind().to_owned(),
        }
    }

    pub(super) fn syntax(template: &str, line: usize, detail: &str) -> Self {
        Self::Syntax { at: source_line(template, line), detail: detail.to_owned() }
    }

    /// An error from the engine's; `source` is the template's text, from which the expression is quoted.
    pub(super) fn engine(template: &str, source: &str, error: &minijinja::Error) -> Self {
        let at = source_line(template, error.line().unwrap_or(1));
        let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        let expression = error.range().and_then(|range| quote(source, &range)).unwrap_or("a value").to_owned();
        if emit::is_injection(error) {
            return Self::Injection { at, expression: format!("`{expression}`") };
        }
        if error.kind() == ErrorKind::SyntaxError {
            return Self::Syntax { at, detail };
        }
        if error.kind() == ErrorKind::UndefinedError {
            return Self::Undefined { at, expression };
        }
        if error.kind() == ErrorKind::OutOfFuel {
            return Self::Fuel { at };
        }
        let detail = with_remedy(error.kind(), &detail);
        Self::Evaluation { at, expression, detail }
    }

    pub(super) fn misplaced(template: &str, misplaced: &Misplaced) -> Self {
        let at = At { template: template.to_owned(), line: misplaced.line, rendered: true };
        let detail = match misplaced.context {
            Context::TextOutsideQuotes => "a text outside quotes: write \"{{ x }}\" or {{ x | tojson }}",
            Context::WholeInsideQuotes => {
                "a null, a list, an object or the output of tojson inside quotes: remove the quotes"
            }
            Context::AfterBackslash => "a value right after a backslash: write the backslash twice",
            Context::Injection => {
                return Self::Injection { at, expression: "a value together with its neighbour".to_owned() };
            }
        };
        Self::Misplaced { at, detail }
    }

    /// `text` is quoted; empty: it is not shown.
    pub(super) fn not_json(template: &str, text: &str, error: &serde_json::Error) -> Self {
        let at = At { template: template.to_owned(), line: error.line(), rendered: true };
        let comma = if error.to_string().starts_with("trailing comma") {
            ", write the comma between items as {{ \",\" if not loop.last }}"
        } else {
            ""
        };
        let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
        let near: String = line.chars().skip(error.column().saturating_sub(NEAR_CHARS)).take(NEAR_CHARS).collect();
        let near = if near.is_empty() { near } else { format!(" (behind `{}`)", near.trim()) };
        Self::NotJson { at, detail: format!("{error}{near}{comma}") }
    }
}

/// The engine's message with its way for what is written otherwise in Python.
fn with_remedy(kind: ErrorKind, detail: &str) -> String {
    let first = detail.split_whitespace().next().unwrap_or_default();
    let second = detail.split_whitespace().nth(1).unwrap_or_default();
    let last = detail.split_whitespace().last().unwrap_or_default();
    let unknown = [
        (ErrorKind::UnknownFilter, Kind::Filter, second),
        (ErrorKind::UnknownTest, Kind::Test, second),
        (ErrorKind::UnknownFunction, Kind::Function, first),
        (ErrorKind::UnknownMethod, Kind::Method, last),
    ];
    let remedy = match unknown.into_iter().find(|(error, ..)| *error == kind) {
        Some((_, kind, name)) => known::remedy(kind, name),
        None if detail.contains("unsupported types") => {
            Some("a text is no number: write `x | int` or `x | float`; texts are joined by `~`")
        }
        None => None,
    };
    remedy.map_or_else(|| detail.to_owned(), |remedy| format!("{detail}: {remedy}"))
}

fn source_line(template: &str, line: usize) -> At {
    At { template: template.to_owned(), line, rendered: false }
}
