//! librdkafka's texts, arrays and errors.

use std::ffi::{CStr, c_char};
use std::ptr::NonNull;

use rdkafka::bindings as c;

use crate::broker::kafka::failure::Failure;

/// A C array; empty for null.
///
/// # Safety
/// `first` is null, or the first of `count` elements that live as long as the result.
pub(super) unsafe fn array<'a, T>(first: *const T, count: i32) -> &'a [T] {
    match (NonNull::new(first.cast_mut()), usize::try_from(count)) {
        // SAFETY: as promised.
        (Some(first), Ok(count)) => unsafe { std::slice::from_raw_parts(first.as_ptr(), count) },
        _ => &[],
    }
}

/// A C string as text; null is empty.
pub(super) fn text(string: *const c_char) -> String {
    if string.is_null() {
        return String::new();
    }
    // SAFETY: librdkafka's strings end with a nul and are alive at each place of call.
    unsafe { CStr::from_ptr(string) }.to_string_lossy().into_owned()
}

/// The failure of an error code without a message.
pub(super) fn code(error: c::rd_kafka_resp_err_t) -> Result<(), Failure> {
    let is_good = error == c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
    if is_good { Ok(()) } else { Err(Failure::of(error.into(), "")) }
}

/// Converts and releases an error object; null is success.
pub(super) fn failure(raw: *mut c::rd_kafka_error_t) -> Result<(), Failure> {
    if raw.is_null() {
        return Ok(());
    }
    // SAFETY: the object was returned to us and is released here, after it was read.
    unsafe {
        let failure = Failure {
            code: c::rd_kafka_error_code(raw).into(),
            detail: text(c::rd_kafka_error_string(raw)),
            fatal: c::rd_kafka_error_is_fatal(raw) != 0,
            abort: c::rd_kafka_error_txn_requires_abort(raw) != 0,
        };
        c::rd_kafka_error_destroy(raw);
        Err(failure)
    }
}
