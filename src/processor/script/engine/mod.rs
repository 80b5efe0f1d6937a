//! Runs scripts: TypeScript or JavaScript, in a `QuickJS` realm of its own for each thread.
//!
//! | file | content |
//! |---|---|
//! | `code` | a script as JavaScript whose async functions are generators |
//! | `guard` | what is added to a script, and what it may not have |
//! | `realm` | a script that runs, step by step |
//! | `failure` | why a step has failed |
//! | `limits`, `usage` | how much a script may take, and what it takes |
//! | `native` | the unsafe code: counted memory, the stack |
//! | `places` | which line of its file a script has run |
//! | `globals.js` | what a script finds around it |
//! | `prelude.js` | the runtime library of scripts |
//!
//! A step is a function of the script and of what the thread was given: no clock, no chance, no zone, no engine's promise. So a realm can be
//! thrown away at any time, and made again from the inputs.

mod code;
mod failure;
mod guard;
mod limits;
mod native;
mod places;
mod realm;
#[cfg(test)]
mod tests;
mod usage;

pub use code::{Code, CodeMistake, foreign_names};
pub use limits::Limits;

/// The number of the engine and its runtime library: a change that can make a script come to something else has to raise it. It is stored with each thread.
pub const ENGINE: u16 = 1;

pub use failure::Failure;
pub use realm::{Answered, Deed, Globals, Input, Output, Realm, Step, Topics};
