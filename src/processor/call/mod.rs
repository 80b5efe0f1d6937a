//! Calls of outside systems: a pure machine from the first attempt to the end, for every processor that makes some.
//!
//! | file | content |
//! |---|---|
//! | `machine` | [`Call`], the attempts of one call |
//! | `answer` | [`Answer`], what a sink tells of an attempt; [`Response`], an answer that a processor judges |
//! | `request` | [`Request`], what a sink is asked to send |
//! | `backoff` | the waits between attempts |
//!
//! # The table
//!
//! A call is *pending* from the decision to make an attempt until its outcome, and *waits* between two attempts. An attempt is
//! an [`Act`](crate::model::Act): it is committed before it is made.
//!
//! | outcome of an attempt | [`Certainty::Idempotent`] | [`Certainty::Once`], [`Certainty::LookUp`] |
//! |---|---|---|
//! | executed | ends: executed | ends: executed |
//! | refused | ends: refused | ends: refused |
//! | busy, not sent | waits | waits |
//! | suspended | waits; the attempt does not count | the same |
//! | the answer was lost, inherited | waits, and repeats the same request | ends: in doubt |
//! | any but the first two after [`Limits::give_up_after`] | ends: gave up | ends: gave up, or in doubt |
//!
//! An idempotent request has a key by which its receiver recognizes a repetition. It is sent at least once, and executed once by
//! a receiver that honours the key. [`delivery`](super::delivery) has a machine of its own for the same certainties, with look-ups:
//! its stored form is older than this one.

mod answer;
mod backoff;
mod machine;
mod request;

pub use answer::{Answer, Response};
pub use backoff::Backoff;
pub use machine::{Call, Certainty, End, Limits, Next, Retry};
pub use request::{Http, Mail, Method, Request, Webhook};
