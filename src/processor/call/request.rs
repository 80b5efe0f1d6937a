//! What a sink is asked to send: JSON in [`Act`](crate::model::Act). Addresses and credentials are the sink's own.

use serde::{Deserialize, Serialize};

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// An HTTP POST.
    Webhook(Webhook),
    /// A mail.
    Mail(Mail),
}

/// An HTTP POST to the URL of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// The key by which the receiver recognizes a repetition (`Idempotency-Key`).
    pub key: String,
    /// The body, a JSON object.
    pub body: String,
}

/// A mail in plain text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The part of `Message-ID` before the `@`, by which a mailbox recognizes a repetition.
    pub id: String,
    /// The value of `Date`, in milliseconds since the epoch.
    pub at: i64,
    /// The subject, one line.
    pub subject: String,
    /// The text.
    pub text: String,
}

impl Request {
    /// The request as JSON.
    pub fn encode(&self) -> String {
        // Texts and a tag always serialize; a sink would refuse an empty request without sending it.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A request from its JSON, or why it is none.
    pub fn decode(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("this is no request: {error}"))
    }
}
