//! Templates to text: `MiniJinja` with strict variables and values that cannot break out of JSON.
//!
//! ```text
//!  source ──compile──▶ Template ──render(context)──▶ marked text ──place──▶ text ──object──▶ one JSON object
//!                                  emit: escapes and marks every value
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | `compile` | a [`Template`] from its source, with its revision |
//! | `limit` | how much one rendering may take |
//! | `emit` | writes a value: escaped for a JSON string, and marked as a value |
//! | `place` | reads the marks: does every value stand where it may? |
//! | `object` | the text is one JSON object without a duplicate key |
//! | `error` | what can be wrong, with the template's name and a line |
//!
//! # What a value can do
//!
//! A template writes JSON, and the values in it come from events, that is from strangers. So:
//!
//! - Text in `"{{ x }}"` is escaped as the *contents* of a JSON string; plain text looks the same as before.
//! - Text outside quotes is refused: `{{ x | tojson }}` writes a whole JSON value there, quotes included, and is refused
//!   inside quotes. A comma and white space may stand outside, so that `{{ "," if not loop.last }}` works.
//! - Numbers and booleans stand anywhere, as JSON writes them. Null, lists and objects stand outside quotes only.
//! - A value never brings or completes a `%%`, which would be a variable of Control-M and be replaced there by text that
//!   nobody has checked. A template may write `%%` itself, outside its braces.
//! - `safe`, `escape` and `e` do not exist: nothing may pass unescaped, and everything is escaped once.
//!
//! Within `{% set x %}..{% endset %}` and macros the marks of the values are part of the text until it is written, so
//! such a text should be written, not compared; `{% set x = "a-" ~ n %}` has no marks.

mod compile;
mod emit;
mod error;
mod limit;
mod object;
mod place;
#[cfg(test)]
mod tests;

pub use compile::Template;
pub use error::{At, Error};
pub use limit::{FUEL, RECURSION_MAX, TEXT_BYTES_MAX};
