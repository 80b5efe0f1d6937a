//! A delivery request as HTTP.
//!
//! The multipart form is built here and not by reqwest: it is small, and this way the body is certainly one buffer with
//! a known length.

use crate::processor::delivery::control_m::Request;

/// The most rows of a look-up. One would be enough; the rest is for the folder's own row.
pub(super) const LOOK_UP_ROWS_MAX: usize = 100;

/// The boundary of the parts. It can be constant: a line that begins with it is not JSON, and the only part is JSON.
const BOUNDARY: &str = "sheaf-7f0c2b1e5a9d4c33";

/// A call, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// `POST {base}/run/ondemand`.
    Submit {
        /// The folder of the definition.
        folder: String,
        /// The whole multipart body.
        body: String,
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
            Ok(Request::Submit { folder, definition }) => {
                // It must be an object: the server accepts nothing else, and a text or a number would be an error of
                // the template.
                serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&definition)
                    .map_err(|error| format!("the definition of {folder} is not a JSON object: {error}"))?;
                Ok(Self::Submit { folder, body: form(&definition) })
            }
            Ok(Request::LookUp { folder, .. }) if folder.is_empty() => {
                Err("the look-up names no folder, so it would match every folder".to_owned())
            }
            Ok(Request::LookUp { folder, server }) => Ok(Self::LookUp { folder, server }),
            Err(error) => Err(format!("this version of sheaf cannot decode the act's request: {error}")),
        }
    }
}

/// The content type of [`Call::Submit`]'s body.
pub(super) fn form_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

/// A form without a definition, which submits nothing.
pub(super) fn form_without_definition() -> String {
    format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"check\"\r\n\r\nsheaf\r\n--{BOUNDARY}--\r\n")
}

/// A form with the one part `definitionsFile`. (`POST /run` calls it `jobDefinitionsFile`; the wrong name is a 400.)
fn form(definition: &str) -> String {
    format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"definitionsFile\"; filename=\"jobs.json\"\r\n\
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
        for request in ["", "{}", r#"{"do":"dance"}"#, r#"{"do":"look_up","folder":"","server":"s"}"#] {
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
