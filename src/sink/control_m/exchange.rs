//! How far a request got.

use std::time::Duration;

/// The end of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exchange {
    /// Nothing was sent.
    NotSent(Failure),
    /// The request may have been sent, and no response arrived; the reason.
    Lost(String),
    /// The server, or a proxy, responded.
    Answered(Reply),
    /// There was no session, and this was the response to the login; the request was not sent.
    NoSession(Reply),
}

/// Why nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// The reason, if it would meet everybody.
    pub(super) reason: Option<Reason>,
    /// The error.
    pub(super) detail: String,
}

impl Failure {
    /// A failure of this call only.
    pub(super) fn of_call(detail: String) -> Self {
        Self { reason: None, detail }
    }
}

/// An HTTP response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// The status code.
    pub(super) status: u16,
    /// The requested wait before a retry.
    pub(super) retry_after: Option<Duration>,
    /// The body as text, or why it is incomplete.
    pub(super) body: Result<String, String>,
}

/// Why everybody is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Unauthorized,
    Forbidden,
    NotFound,
    Dns,
    Connect,
    Tls,
    Proxy,
}

impl Reason {
    /// The label in metrics.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Proxy => "proxy",
        }
    }

    /// True if another credential may be accepted.
    pub(super) const fn is_of_credential(self) -> bool {
        matches!(self, Self::Unauthorized | Self::Forbidden)
    }

    /// The reason of a connection that could not be made, by the text of its error with all causes.
    pub(super) fn of_connection(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if has(&["tunnel", "proxy"]) {
            Self::Proxy
        } else if has(&["dns error", "failed to lookup address", "name or service not known"]) {
            Self::Dns
        } else if has(&["certificate", "tls", "handshake", "corrupt message", "alert", "ssl"]) {
            Self::Tls
        } else {
            Self::Connect
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn the_reason_of_a_connection_is_known_by_its_error() {
        let cases = [
            ("error sending request: client error (Connect): tcp connect error: Connection refused", Reason::Connect),
            ("client error (Connect): dns error: failed to lookup address information", Reason::Dns),
            ("client error (Connect): invalid peer certificate: UnknownIssuer", Reason::Tls),
            ("client error (Connect): received corrupt message of type InvalidContentType", Reason::Tls),
            ("client error (Connect): tunnel error: unsuccessful", Reason::Proxy),
            ("operation timed out", Reason::Connect),
        ];
        for (text, reason) in cases {
            assert_eq!(Reason::of_connection(text), reason, "{text}");
        }
    }
}
