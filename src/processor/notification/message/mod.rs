//! The content of a message, in each format.
//!
//! | file | content |
//! |---|---|
//! | `content` | its texts |
//! | `fit` | a message with less in it, if it is too long |
//! | `generic` | JSON of sheaf's own form |
//! | `slack` | an incoming webhook of Slack: blocks, and a text for what is compatible with it |
//! | `pager_duty` | Events API v2 of `PagerDuty` |
//! | `mail` | plain text |
//!
//! No text of an event can change the structure of a message: it is on one line, in JSON it is a string, at Slack it is an element
//! without markup, and in a mail it is no header of its own.

mod content;
mod fit;
mod generic;
mod mail;
mod pager_duty;
mod slack;

pub use content::Message;
pub use fit::REQUEST_BYTES_MAX;

use super::settings::Format;
use crate::processor::call::{Mail, Request, Webhook};

impl Message {
    /// The request to a sink of this format, with all that the message tells.
    fn whole_request(&self, format: Format) -> Request {
        let webhook = |body: serde_json::Value| Webhook { key: self.id.to_string(), body: body.to_string() };
        match format {
            Format::Generic => Request::Webhook(webhook(generic::body(self))),
            Format::Slack => Request::Webhook(webhook(slack::body(self))),
            Format::PagerDuty => Request::Webhook(webhook(pager_duty::body(self))),
            Format::Mail => Request::Mail(Mail {
                id: self.id.to_string(),
                at: self.at.as_millis(),
                subject: self.subject(),
                text: mail::text(self),
            }),
        }
    }
}
