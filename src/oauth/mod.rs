//! Tokens of OAuth 2 by client credentials (RFC 6749, 4.4), for the login OAUTHBEARER of Kafka.
//!
//! | file | content |
//! |---|---|
//! | `client_credentials` | the settings, and the request for a token |
//! | `answer` | what the token endpoint answers |
//! | `claims` | the claims of a token that is a JWT |

mod answer;
mod claims;
mod client_credentials;

pub use client_credentials::{ClientCredentials, Mistake, Settings};
