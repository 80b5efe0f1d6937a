//! `GET /config/servers`: whether the server answers and takes the key.

use serde::Deserialize;

use super::client::{Client, Exchange};
use super::message;
use super::settings::Error;

/// A Control-M server as the Automation API lists it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Server {
    /// Its name, which definitions call `ControlmServer`.
    #[serde(default)]
    pub name: String,
    /// `Up`, or what is wrong.
    #[serde(default)]
    pub state: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
}

/// Asks for the servers; anything but a list of them is [`Error::Unhealthy`].
pub(super) async fn ask(client: &Client) -> Result<Vec<Server>, Error> {
    let unhealthy = |detail: String| Error::Unhealthy { url: client.url("/config/servers"), detail };
    let reply = match client.servers().await {
        Exchange::NotSent(reason) | Exchange::Lost(reason) => return Err(unhealthy(reason)),
        Exchange::Answered(reply) => reply,
    };
    let body = reply.body.map_err(unhealthy)?;
    match reply.status {
        200 => serde_json::from_str(&body).map_err(|error| unhealthy(format!("it lists no servers: {error}"))),
        401 | 403 => Err(unhealthy(format!("it does not take control_m.api_key: {}", message::of(&body)))),
        status => Err(unhealthy(format!("HTTP status {status}: {}", message::of(&body)))),
    }
}
