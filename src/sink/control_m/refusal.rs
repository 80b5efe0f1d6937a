//! Refusals of everybody: what is no answer to one call, but to all of them.

use super::exchange::{Failure, Reason, Reply};
use super::message;

/// A refusal of everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    /// The address, the answer and the remedy.
    pub(super) detail: String,
}

/// The refusal of a call that was not sent; `None` if it may be about this call only.
pub(super) fn of_failure(failure: &Failure, url: &str) -> Option<Refusal> {
    let (reason, text) = (failure.reason?, &failure.detail);
    let detail = format!("Control-M's address {url} cannot be reached: {text}: {}", remedy_of_connection(reason, text));
    Some(Refusal { reason, detail })
}

/// The refusal of an answer; `None` if it is about the call, or about this moment only.
pub(super) fn of_reply(reply: &Reply, url: &str) -> Option<Refusal> {
    let reason = match reply.status {
        401 => Reason::Unauthorized,
        403 => Reason::Forbidden,
        404 => Reason::NotFound,
        407 => Reason::Proxy,
        _ => return None,
    };
    let words = reply.body.as_deref().map_or_else(|reason| format!("(its body is incomplete: {reason})"), message::of);
    let status = reply.status;
    let detail = format!("Control-M's address {url} answered {status} ({words}): {}", remedy(reason, url));
    Some(Refusal { reason, detail })
}

/// The likely cause of an answer, and the remedy.
pub(super) fn remedy(reason: Reason, url: &str) -> &'static str {
    match reason {
        Reason::Unauthorized => {
            "the key or the login has expired or is wrong: renew it (a `${file:..}` or `${aws-sm:..}` is read again, `${env:..}` \
             takes a restart)"
        }
        Reason::Forbidden => {
            "a gateway refuses sheaf, or the user may not run jobs: check the rights of control_m.api_key, and control_m.base_url"
        }
        Reason::NotFound if !url.contains("/automation-api") => "is `/automation-api` missing in control_m.base_url?",
        Reason::NotFound => "check control_m.base_url, and that the Automation API behind it runs",
        Reason::Proxy => "the proxy refuses sheaf: check control_m.proxy with its user and password",
        Reason::Dns | Reason::Connect | Reason::Tls => "check control_m.base_url",
    }
}

fn remedy_of_connection(reason: Reason, text: &str) -> &'static str {
    match reason {
        Reason::Dns => "the host of control_m.base_url is unknown here: check the name, or set control_m.proxy",
        Reason::Connect => {
            "nothing accepts connections there: check control_m.base_url, that Control-M runs, the firewall, and control_m.proxy"
        }
        Reason::Proxy => "the proxy does not connect: check control_m.proxy with its user and password",
        Reason::Tls if ["UnknownIssuer", "CaUsedAsEndEntity", "SelfSigned"].iter().any(|it| text.contains(it)) => {
            "nobody here trusts its certificate: put that, or the one of its authority, as PEM into a file and name it in \
             control_m.ca_bundle"
        }
        Reason::Tls if text.contains("NotValidForName") || text.contains("not valid for name") => {
            "its certificate is for another name: write that name in control_m.base_url"
        }
        Reason::Tls if text.contains("Expired") || text.contains("expired") => {
            "its certificate has expired: renew it there"
        }
        Reason::Tls => "does it speak TLS? If not, write http:// in control_m.base_url",
        Reason::Unauthorized | Reason::Forbidden | Reason::NotFound => "check control_m.base_url",
    }
}

/// True if the answer is Control-M's own and names the definition: it is about this call, whatever its status.
pub(super) fn names_definition(body: &str, folder: &str) -> bool {
    message::is_error_list(body) && (message::has_position(body) || body.contains(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_control_m_itself_names_a_definition() {
        let folder = "folder-p1";
        assert!(names_definition(r#"{"errors":[{"message":"no such server","item":"job"}]}"#, folder));
        assert!(names_definition(r#"{"errors":[{"message":"folder-p1 is not allowed"}]}"#, folder));
        for body in [
            r#"{"errors":[{"message":"not authorized"}]}"#,
            r#"{"message":"folder-p1 Forbidden"}"#,
            "<html>folder-p1</html>",
            "default backend - 404",
            "",
        ] {
            assert!(!names_definition(body, folder), "{body}");
        }
    }

    #[test]
    fn an_address_without_its_path_is_told() {
        let reply = Reply { status: 404, retry_after: None, body: Ok("default backend - 404".to_owned()) };
        let refusal = of_reply(&reply, "https://ctm:8443/run/ondemand").unwrap();
        let expected = "Control-M's address https://ctm:8443/run/ondemand answered 404 (default backend - 404): is \
                        `/automation-api` missing in control_m.base_url?";
        assert_eq!((refusal.reason, refusal.detail.as_str()), (Reason::NotFound, expected));
        let other = of_reply(&reply, "https://ctm:8443/automation-api/run/ondemand").unwrap();
        assert!(!other.detail.contains("missing"), "{}", other.detail);
    }
}
