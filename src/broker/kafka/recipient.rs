//! A client of librdkafka that is given tokens.

use std::sync::Arc;

use rdkafka::error::RDKafkaErrorCode as Code;

use super::context::Context;
use super::failure::Failure;
use super::native::Client;
use super::token::{Recipient, Registration, Token, TokenError, Tokens};

/// Gives an open client its tokens until the registration is dropped, which has to be before the client is.
pub(super) fn register(tokens: &Tokens, native: &Client, context: &Arc<Context>) -> Registration {
    context.set_tokens(tokens);
    tokens.register(Box::new(Native { client: native.clone(), context: Arc::clone(context) }))
}

/// A client, and where its errors are noted.
struct Native {
    client: Client,
    context: Arc<Context>,
}

impl Recipient for Native {
    fn set(&self, token: &Token) {
        if let Err(failure) = self.client.set_token(token) {
            self.context.set_error(failure);
        }
    }

    fn fail(&self, error: &TokenError) {
        match error {
            // Raises an error of authentication, as a wrong password does.
            TokenError::Refused(detail) => self.client.set_token_failure(detail),
            TokenError::Unavailable(detail) => {
                let detail = format!("there is no token for OAUTHBEARER: {detail}");
                self.context.set_error(Failure::of(Code::BrokerTransportFailure, &detail));
            }
        }
    }
}
