//! Places of a record, and conditions on them: how the keying steps of processors find ids, types and times in records of any
//! format.
//!
//! | file | content |
//! |---|---|
//! | `places` | a place, and the reader of several places in one pass |
//! | `condition` | the condition that the value at a place is one of some |
//! | `cloud_event` | `CloudEvents` in both content modes |
//! | `invalid` | the rejections of values that are no events |

pub(in crate::processor) mod cloud_event;
mod condition;
pub(in crate::processor) mod invalid;
mod places;

pub(in crate::processor) use condition::Check;
pub use condition::{Condition, Literal};
pub(in crate::processor) use places::{Field, Found, PlaceReader, Places, outside};
pub use places::{Format, Place};
