//! The token with which a client logs in.

use std::ffi::{CString, c_char};
use std::ptr::null_mut;

use rdkafka::bindings as c;
use rdkafka::error::RDKafkaErrorCode;

use super::client::Client;
use super::convert::text;
use crate::broker::kafka::failure::Failure;
use crate::broker::kafka::token::Token;

/// The longest message of librdkafka, in bytes.
const MESSAGE_MAX: usize = 512;

impl Client {
    /// Logs in with this token from now on. See `rd_kafka_oauthbearer_set_token`.
    pub(in crate::broker::kafka) fn set_token(&self, token: &Token) -> Result<(), Failure> {
        let invalid =
            || Failure::of(RDKafkaErrorCode::InvalidArgument, "a token, or what belongs to it, has a character 0");
        let c_string = |text: &str| CString::new(text).map_err(|_nul| invalid());
        let (value, principal) = (c_string(&token.value)?, c_string(&token.principal)?);
        let extensions = token.extensions.iter().flat_map(|(name, value)| [name, value]);
        let extensions = extensions.map(|text| c_string(text)).collect::<Result<Vec<_>, _>>()?;
        let mut extensions: Vec<*const c_char> = extensions.iter().map(|text| text.as_ptr()).collect();
        let mut message = [0; MESSAGE_MAX];
        // SAFETY: the client and the C strings are alive for the call, which copies them; the array has as many places as it is said to have, and
        // librdkafka ends the message with a nul within its size.
        let (error, detail) = unsafe {
            let error = c::rd_kafka_oauthbearer_set_token(
                self.raw.as_ptr(),
                value.as_ptr(),
                token.expires.as_millis(),
                principal.as_ptr(),
                if extensions.is_empty() { null_mut() } else { extensions.as_mut_ptr() },
                extensions.len(),
                message.as_mut_ptr(),
                message.len(),
            );
            (error, text(message.as_ptr()))
        };
        let is_good = error == c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
        if is_good { Ok(()) } else { Err(Failure::of(error.into(), &detail)) }
    }

    /// Says why there is no token, which raises an error of authentication. See `rd_kafka_oauthbearer_set_token_failure`.
    pub(in crate::broker::kafka) fn set_token_failure(&self, detail: &str) {
        let detail: String = detail.chars().filter(|character| *character != '\0').collect();
        let Ok(detail) = CString::new(detail) else { return };
        // SAFETY: client and C string are alive for the call, which copies the text. It fails for an empty text, and for clients that log in
        // another way, which have no tokens.
        unsafe { c::rd_kafka_oauthbearer_set_token_failure(self.raw.as_ptr(), detail.as_ptr()) };
    }
}
