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
    /// An HTTP request whose response is told as it is.
    Http(Http),
}

/// An HTTP request to a path below the URL of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Http {
    /// The method.
    pub method: Method,
    /// The path below the URL, and its query if there is one; empty, or `/..`.
    pub path: String,
    /// The header of [`key`](Self::key).
    pub key_header: String,
    /// The key by which the receiver recognizes a repetition.
    pub key: String,
    /// The body, JSON.
    pub body: String,
}

/// The method of a request with a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// `POST`.
    #[default]
    Post,
    /// `PUT`.
    Put,
    /// `PATCH`.
    Patch,
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
