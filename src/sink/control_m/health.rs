//! `GET /config/servers`: checks that the server responds and accepts the key.

use serde::Deserialize;

use super::client::Client;
use super::exchange::Exchange;
use super::message;
use super::settings::Error;

/// A Control-M server in the Automation API's list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Server {
    /// The name, `ControlmServer` in definitions.
    #[serde(default)]
    pub name: String,
    /// `Up`, or the problem.
    #[serde(default)]
    pub state: String,
    /// The version.
    #[serde(default)]
    pub version: String,
}

/// Requests the servers; any response but a list of them is [`Error::Unhealthy`].
pub(super) async fn ask(client: &Client) -> Result<Vec<Server>, Error> {
    let unhealthy = |detail: String| Error::Unhealthy { url: client.url("/config/servers"), detail };
    let reply = match client.servers().await {
        Exchange::NotSent(failure) => return Err(unhealthy(failure.detail)),
        Exchange::Lost(reason) => return Err(unhealthy(reason)),
        Exchange::Answered(reply) | Exchange::NoSession(reply) => reply,
    };
    let body = reply.body.map_err(unhealthy)?;
    match reply.status {
        200 => serde_json::from_str(&body)
            .map_err(|error| unhealthy(format!("the response is not a list of servers: {error}"))),
        401 | 403 => Err(unhealthy(format!("the credential is rejected: {}", message::of(&body)))),
        status => Err(unhealthy(format!("HTTP status {status}: {}", message::of(&body)))),
    }
}
