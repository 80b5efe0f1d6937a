//! A delivery request as HTTP.
//!
//! The multipart form is built here and not by reqwest: it is small, and this way the body is certainly one buffer with
//! a known length.

use serde_json::{Map, Value};

use crate::processor::delivery::control_m::{Mode, Request};

/// The most rows of a look-up. One would be enough; the rest is for the folder's own row.
pub(super) const LOOK_UP_ROWS_MAX: usize = 100;

/// The boundary of the parts. It can be constant: a line that begins with it is not JSON, and the only part is JSON.
const BOUNDARY: &str = "sheaf-7f0c2b1e5a9d4c33";

/// A call, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// `POST {base}/run/ondemand`, `/run` or `/run/order`.
    Submit {
        /// Which of them.
        mode: Mode,
        /// The folder of the definition, or the deployed one.
        folder: String,
        /// The whole body.
        body: String,
    },
    /// `POST {base}/run/event/{server}`.
    AddEvent {
        /// The name of the event.
        event: String,
        /// The Control-M server.
        server: String,
    },
    /// `GET {base}/run/jobs/status?..`.
    LookUp {
        /// The folder.
        folder: String,
        /// The Control-M server.
        server: String,
    },
}

impl Call {
    /// Decodes and validates an act's request before anything is sent.
    pub(super) fn decode(request: &str) -> Result<Self, String> {
        match serde_json::from_str(request) {
            Ok(Request::Submit { folder, definition }) => Self::of_definition(Mode::OnDemand, folder, &definition),
            Ok(Request::Run { folder, definition }) => Self::of_definition(Mode::Run, folder, &definition),
            Ok(Request::Order { name, order }) => {
                let folder =
                    object(&order, &name)?.get("folder").and_then(Value::as_str).unwrap_or_default().to_owned();
                if folder.is_empty() {
                    return Err(format!("{name} names no folder"));
                }
                Ok(Self::Submit { mode: Mode::Order, folder, body: order })
            }
            Ok(Request::LookUp { folder, .. }) if folder.is_empty() => {
                Err("the look-up names no folder, so it would match every folder".to_owned())
            }
            Ok(Request::LookUp { folder, server }) => Ok(Self::LookUp { folder, server }),
            Ok(Request::AddEvent { event, server }) => Ok(Self::AddEvent { event, server }),
            Err(error) => Err(format!("this version of sheaf cannot decode the act's request: {error}")),
        }
    }

    /// The Control-M server of an event; empty for another call.
    pub(super) fn server_of_event(&self) -> &str {
        match self {
            Self::AddEvent { server, .. } => server,
            Self::Submit { .. } | Self::LookUp { .. } => "",
        }
    }

    fn of_definition(mode: Mode, folder: String, definition: &str) -> Result<Self, String> {
        object(definition, &format!("the definition of {folder}"))?;
        let body = form(part(mode), definition);
        Ok(Self::Submit { mode, folder, body })
    }
}

/// The object of a body: the server accepts nothing else, and a text or a number would be an error of the template.
fn object(text: &str, what: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("{what} is not a JSON object: {error}"))
}

/// The path of submits, below the base.
pub(super) const fn path(mode: Mode) -> &'static str {
    match mode {
        Mode::OnDemand => "/run/ondemand",
        Mode::Run => "/run",
        Mode::Order => "/run/order",
    }
}

/// The content type of [`Call::Submit`]'s body.
pub(super) fn content_type(mode: Mode) -> String {
    match mode {
        Mode::OnDemand | Mode::Run => format!("multipart/form-data; boundary={BOUNDARY}"),
        Mode::Order => "application/json".to_owned(),
    }
}

/// A body without a definition or a folder, which submits nothing.
pub(super) fn empty(mode: Mode) -> String {
    match mode {
        Mode::OnDemand | Mode::Run => {
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"check\"\r\n\r\nsheaf\r\n--{BOUNDARY}--\r\n")
        }
        Mode::Order => "{}".to_owned(),
    }
}

/// The name of the part with the definition. Another one is answered with 400.
const fn part(mode: Mode) -> &'static str {
    match mode {
        Mode::OnDemand | Mode::Order => "definitionsFile",
        Mode::Run => "jobDefinitionsFile",
    }
}

/// A form with this one part.
fn form(part: &str, definition: &str) -> String {
    format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"jobs.json\"\r\n\
         Content-Type: application/json\r\n\r\n{definition}\r\n--{BOUNDARY}--\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::{BOUNDARY, Call};

    #[test]
    fn what_is_not_a_json_object_is_not_sent() {
        for definition in ["", "x", "[]", "\\\"x\\\"", "{", "{} {}", "null"] {
            let request = format!(r#"{{"do":"submit","folder":"f","definition":"{definition}"}}"#);
            let error = Call::decode(&request).unwrap_err();
            assert!(error.starts_with("the definition of f is not a JSON object"), "{definition}: {error}");
        }
    }

    #[test]
    fn what_is_no_request_is_not_sent() {
        for request in [
            "",
            "{}",
            r#"{"do":"dance"}"#,
            r#"{"do":"look_up","folder":"","server":"s"}"#,
            r#"{"do":"order","name":"order-a","order":"{\"ctm\":\"s\"}"}"#,
            r#"{"do":"order","name":"order-a","order":"[]"}"#,
        ] {
            assert!(Call::decode(request).is_err(), "{request}");
        }
    }

    #[test]
    fn a_definition_cannot_close_its_part() {
        let definition = format!(r#"{{\"a\":\"\\r\\n--{BOUNDARY}--\\r\\n\"}}"#);
        let request = format!(r#"{{"do":"submit","folder":"f","definition":"{definition}"}}"#);
        let Call::Submit { body, .. } = Call::decode(&request).unwrap() else { unreachable!("a submit was asked for") };
        assert_eq!(body.matches(&format!("\r\n--{BOUNDARY}")).count(), 1, "the closing line alone: {body}");
    }
}
