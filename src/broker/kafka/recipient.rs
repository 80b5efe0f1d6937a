//! A client of librdkafka that is given tokens.

use std::sync::Arc;

use super::context::Context;
use super::native::Client;
use super::token::{Recipient, Registration, Token, Tokens};
use crate::broker::{Error, Result};

/// Gives an open client its tokens until the registration is dropped, which has to be before the client is.
pub(super) fn register(tokens: &Tokens, native: &Client, context: &Arc<Context>) -> Result<Registration> {
    context.set_tokens(tokens);
    let failed = |error: std::io::Error| Error::Fatal { operation: "starting a thread", detail: error.to_string() };
    tokens.register(Box::new(Native { client: native.clone(), context: Arc::clone(context) })).map_err(failed)
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
}
