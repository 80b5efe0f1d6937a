//! The rejections of values that are no events.

use crate::codec::json::{Error, diagnose};
use crate::model::{Reject, RejectReason};

/// The rejection of a part of a record that is no JSON: the text of it, which is the end of all its bytes.
pub(in crate::processor) fn unparsable(
    part: &str,
    topic: &str,
    (bytes, text): (&[u8], &[u8]),
    error: &Error,
) -> Reject {
    let what = diagnose(bytes, text, error).map(|what| format!("; it is {what}")).unwrap_or_default();
    Reject::new(RejectReason::Unparsable, format!("the {part} of a record of {topic}: {error}{what}"))
}

/// The rejection of a value that is no object; `what` completes "the value is ..".
pub(in crate::processor) fn wrong_type(topic: &str, what: &str) -> Reject {
    let detail = format!("the value of a record of {topic} is {what}; an event is a JSON object");
    Reject::new(RejectReason::WrongType, detail)
}
