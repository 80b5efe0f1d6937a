//! Runs scripts: TypeScript or JavaScript, in a `QuickJS` realm of its own for each thread.
//!
//! | file | content |
//! |---|---|
//! | `code` | a script as JavaScript whose async functions are generators |
//! | `realm` | a script that runs, step by step |
//! | `limits` | how much a step may take |
//! | `prelude.js` | the runtime library of scripts |
//!
//! A step is a function of the script and of what the thread was given: no clock, no chance, no zone, no engine's promise. So a realm can be
//! thrown away at any time, and made again from the inputs.

mod code;
mod limits;
mod realm;
#[cfg(test)]
mod tests;

pub use code::{Code, CodeMistake};
pub use limits::Limits;
pub use realm::{Failure, Input, Output, Realm, Step};
