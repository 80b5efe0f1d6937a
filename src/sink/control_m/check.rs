//! A check of the address, the certificate and the credential, by a submit without a definition, which submits nothing.

use super::client::Client;
use super::exchange::{Exchange, Reason, Reply};
use super::refusal::{self, Refusal};
use super::{health, message, request};
use crate::processor::delivery::control_m::Mode;

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// Submits are taken: the check itself is refused for its missing definition.
    Well,
    /// Everybody is refused.
    Refused(Refusal),
    /// Nothing can be said: no answer in time, or a proxy whose server does not answer.
    Unclear(String),
}

/// Makes the check.
pub(super) async fn make(client: &Client, mode: Mode) -> (Checked, Option<u16>) {
    let exchange = client.check(mode).await;
    let url = client.url(request::path(mode));
    match exchange {
        Exchange::NotSent(failure) => {
            let unclear = || Checked::Unclear(failure.detail.clone());
            (refusal::of_failure(&failure, &url).map_or_else(unclear, Checked::Refused), None)
        }
        Exchange::Lost(detail) => (Checked::Unclear(format!("{url}: {detail}")), None),
        Exchange::NoSession(reply) => (of_login(client, &reply), Some(reply.status)),
        Exchange::Answered(reply) => (of_answer(client, &reply, (mode, &url)).await, Some(reply.status)),
    }
}

fn of_login(client: &Client, reply: &Reply) -> Checked {
    let url = client.url("/session/login");
    match refusal::of_reply(reply, &url) {
        Some(Refusal { reason: Reason::Unauthorized, .. }) => {
            let words = reply.body.as_deref().map(message::of).unwrap_or_default();
            let detail = format!(
                "Control-M's address {url} answered 401 ({words}): check control_m.username and control_m.password, which are read \
                 again if they are a `${{file:..}}` or `${{aws-sm:..}}`"
            );
            Checked::Refused(Refusal { reason: Reason::Unauthorized, detail })
        }
        Some(refusal) => Checked::Refused(refusal),
        None => Checked::Unclear(format!("{url} answered {}", reply.status)),
    }
}

async fn of_answer(client: &Client, reply: &Reply, (mode, url): (Mode, &str)) -> Checked {
    let Some(refusal) = refusal::of_reply(reply, url) else {
        // Proxies answer so for a server that does not; Control-M's own 503 is an answer.
        let is_own = reply.body.as_deref().is_ok_and(message::is_error_list);
        return if matches!(reply.status, 502..=504) && !is_own {
            Checked::Unclear(format!("Control-M's address {url} answered {}", reply.status))
        } else {
            Checked::Well
        };
    };
    if mode == Mode::OnDemand && refusal.reason == Reason::NotFound && health::ask(client).await.is_ok() {
        let detail = format!(
            "Control-M's address {url} answered 404, while the rest of the API answers: this Control-M cannot run on demand, which \
             takes version 9.0.21.200 or later: update it, or write `mode: run` in the topology's deliver.control_m"
        );
        return Checked::Refused(Refusal { reason: Reason::NotFound, detail });
    }
    Checked::Refused(refusal)
}
