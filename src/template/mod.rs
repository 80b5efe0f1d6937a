//! Templates to text: `MiniJinja` with strict variables and values that cannot break out of JSON.
//!
//! ```text
//!  source ──compile──▶ Template ──render(context)──▶ marked text ──mark──▶ text ──object──▶ one JSON object
//!                                  emit: escapes and marks every value
//! ```
//!
//! | file | content |
//! |---|---|
//! | `compile` | a [`Template`] from its source, with its revision |
//! | `expression` | an [`Expression`], which is true or false |
//! | `path` | a [`PathTemplate`], the path of an HTTP request |
//! | `limit` | the limits of one rendering |
//! | `emit` | the formatter: writes a value, escaped and between marks |
//! | `payload` | [`Payload`]: a JSON text as a value |
//! | `number`, `exact` | numbers with the digits that were sent |
//! | `mark` | checks the context of each marked value and removes the marks |
//! | `object` | checks that the text is one JSON object without duplicate keys |
//! | `uses`, `known`, `data`, `lint` | problems that are told without values: unknown names, text that is taken for a tag |
//! | `shape`, `sample` | payloads that are not known yet, to render a template before the first bundle |
//! | `quote`, `error` | errors, with the template's name and a line |
//!
//! # Rules for values
//!
//! A template writes JSON, and its values come from events, which are untrusted input. So:
//!
//! - Text in `"{{ x }}"` is escaped as the *contents* of a JSON string; text without special characters is unchanged.
//! - Text outside quotes is refused: `{{ x | tojson }}` writes a whole JSON value there, quotes included, and is refused
//!   inside quotes. Commas and whitespace are allowed outside, so that `{{ "," if not loop.last }}` works.
//! - Numbers and booleans are allowed in both contexts; null, lists and objects only outside quotes.
//! - A number has the digits that were sent, also in objects: `10.10`, `1E5`, 30 digits. What a template calculates has those
//!   of a 64-bit float or a 128-bit integer.
//! - A value must not contain or complete a `%%`, which Control-M would replace as a variable, with unchecked text. The
//!   template itself may contain `%%` outside its braces. For other receivers `%%` is text ([`Template::with_percents`]).
//! - The filters `safe`, `escape` and `e` do not exist: every value is escaped exactly once.
//!
//! In `{% set x %}..{% endset %}` and macros the marks of the values are part of the text until it is written, so such a text
//! should be written and not compared; `{% set x = "a-" ~ n %}` has no marks.

mod compile;
mod data;
mod emit;
mod error;
mod exact;
mod expression;
mod known;
mod limit;
mod lint;
mod mark;
mod number;
mod object;
mod path;
mod payload;
mod quote;
mod sample;
mod shape;
#[cfg(test)]
mod tests;
mod uses;

pub use compile::{Rendered, Template};
pub use error::{At, Error};
pub use expression::Expression;
pub use limit::{FUEL, RECURSION_MAX, TEXT_BYTES_MAX};
pub use lint::{Finding, Severity};
pub use path::PathTemplate;
pub use payload::Payload;
pub use sample::{Sample, SamplePayload};
