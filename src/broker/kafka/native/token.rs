//! The token with which a client logs in.

use std::ffi::{CString, c_char};
use std::ptr::null_mut;

use rdkafka::bindings as c;
use rdkafka::error::RDKafkaErrorCode;

use super::client::Client;
use crate::broker::kafka::failure::Failure;
use crate::broker::kafka::token::Token;

impl Client {
    /// Logs in with this token, which is a usable one, from now on. See `rd_kafka_oauthbearer_set_token`.
    pub(in crate::broker::kafka) fn set_token(&self, token: &Token) -> Result<(), Failure> {
        let invalid =
            || Failure::of(RDKafkaErrorCode::InvalidArgument, "a token, or what belongs to it, has a character 0");
        let c_string = |text: &str| CString::new(text).map_err(|_nul| invalid());
        let (value, principal) = (c_string(&token.value)?, c_string(&token.principal)?);
        let extensions = token.extensions.iter().flat_map(|(name, value)| [name, value]);
        let extensions = extensions.map(|text| c_string(text)).collect::<Result<Vec<_>, _>>()?;
        let mut extensions: Vec<*const c_char> = extensions.iter().map(|text| text.as_ptr()).collect();
        // SAFETY: the client and the C strings are alive for the call, which copies them; the arrays have as many places as they are said to have.
        // The life of a usable token is within the bounds of librdkafka's arithmetic.
        let error = unsafe {
            c::rd_kafka_oauthbearer_set_token(
                self.raw.as_ptr(),
                value.as_ptr(),
                token.expires.as_millis(),
                principal.as_ptr(),
                if extensions.is_empty() { null_mut() } else { extensions.as_mut_ptr() },
                extensions.len(),
                // Its message may have the text of the token, so there is no place for it.
                null_mut(),
                0,
            )
        };
        let is_good = error == c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
        if is_good { Ok(()) } else { Err(Failure::of(error.into(), "librdkafka does not take the token")) }
    }
}
