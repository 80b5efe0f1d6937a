//! Damaged, truncated or partial data is rebuilt or refused with a clear message, never silently wrong.
//!
//! | file | what |
//! |---|---|
//! | `input` | sources with aborted and open transactions, huge bundles, records of the largest size |
//! | `changelog` | changelogs that end with an aborted or open transaction, truncated ones, new ones |
//! | `answer` | commits whose request or answer is lost (`proxy`), submits that a proxy answers |
//! | `fetch` | one partition whose fetches fail |
//! | `disk` | changed files, a full disk, a state directory that is a month old |

mod answer;
mod changelog;
mod disk;
mod fetch;
mod fetch_response;
mod input;
mod proxy;
