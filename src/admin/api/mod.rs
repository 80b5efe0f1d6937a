//! The HTTP API below `/api/v1`, for the command line, the console and programs.
//!
//! ```text
//!  request ──guard──▶ route ──Port──▶ app ──▶ runtime
//!                       │
//!                       └─▶ answer, page, or problem ──▶ JSON
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `route` | the paths, one file per resource |
//! | `answer` | what they answer |
//! | `page` | lists by pages, with a cursor |
//! | `scope` | the applications that a request is about |
//! | `problem` | errors, as problem+json |
//! | `peers` | asks other instances |
//! | `port` | the trait by which the applications are asked |
//! | `document` | the head of the `OpenAPI` document, `docs/openapi.json` |
//!
//! # A new path
//!
//! A type in `answer`, a method of [`Port`], and a handler in `route` that is named in `route/mod.rs`; then `SHEAF_UPDATE_DOCS=1
//! cargo test --lib admin` writes the document anew. The conventions: names in `snake_case`; times in RFC 3339 and UTC; what is absent
//! is left out; a list is a [`Page`]; lists are of all applications of the process unless the parameter `application` names one;
//! an unknown parameter is an error; an error is a [`Problem`] with a `code` for programs and a remedy for people.

pub mod answer;
mod document;
mod page;
mod peers;
mod port;
mod problem;
mod route;
mod scope;

pub use page::{ITEMS_MAX, ListQuery, Page, PageQuery, cursor, limit, position};
pub use port::Port;
pub use problem::Problem;
pub use route::document;
pub(super) use route::{Shared, router};

#[cfg(test)]
mod tests;
