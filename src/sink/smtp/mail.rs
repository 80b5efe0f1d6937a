//! A mail from its request: the same bytes for each attempt.

use std::time::{Duration, SystemTime};

use lettre::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};

use super::settings::{Error, Settings};
use crate::processor::call::Mail;

/// The header by which receivers do not answer automatically (RFC 3834, section 5).
const AUTO_SUBMITTED: &str = "Auto-Submitted";

/// The sender and the receivers of all mails of a sink.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl Envelope {
    pub(super) fn new(settings: &Settings) -> Result<Self, Error> {
        let parse = |setting, address: &String| {
            address.parse::<Mailbox>().map_err(|error| Error::Address {
                name: settings.name.clone(),
                setting,
                address: address.clone(),
                detail: error.to_string(),
            })
        };
        let to = settings.to.iter().map(|address| parse("to", address)).collect::<Result<_, _>>()?;
        Ok(Self { from: parse("from", &settings.from)?, to })
    }

    /// The domain of the sender, which names this client to the server.
    pub(super) fn domain(&self) -> &str {
        self.from.email.domain()
    }

    /// The mail of a request.
    pub(super) fn mail(&self, mail: &Mail) -> Result<Message, String> {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(mail.at).unwrap_or_default());
        let id = format!("<{}@{}>", mail.id, self.domain());
        let addressed = self.to.iter().cloned().fold(Message::builder().from(self.from.clone()), MessageBuilder::to);
        let auto = HeaderValue::new(HeaderName::new_from_ascii_str(AUTO_SUBMITTED), "auto-generated".to_owned());
        addressed
            .subject(mail.subject.clone())
            .date(at)
            .message_id(Some(id))
            .raw_header(auto)
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text.clone())
            .map_err(|error| format!("this is no mail: {error}"))
    }
}
