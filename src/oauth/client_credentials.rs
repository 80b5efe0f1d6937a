//! The settings, and the request for a token.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Url, header, redirect};

use super::answer;
use crate::broker::kafka::{Token, TokenError, TokenSource};
use crate::http_client::{address, body, chain, has_credential, trusting_also};
use crate::model::Clock;
use crate::secret::Secret;

/// The time-out of a request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer that is read, in bytes: tokens with many claims have some kilobytes.
const ANSWER_MAX: usize = 1 << 20;

/// The settings, as librdkafka has them for `sasl.oauthbearer.method` oidc.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The URL of the token endpoint.
    pub endpoint: String,
    /// The id of the client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// What the token is to be good for; scopes are separated by blanks.
    pub scope: Option<String>,
    /// SASL extensions, which are sent to the broker beside the token.
    pub extensions: Vec<(String, String)>,
    /// Certificates in PEM form that are trusted beside the system's for the token endpoint.
    pub ca: Option<Vec<u8>>,
}

/// A wrong setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// The URL of the token endpoint cannot be called.
    #[error("{0}")]
    Endpoint(String),
    /// The certificates cannot be used.
    #[error("{0}")]
    Ca(String),
}

/// Tokens by client credentials.
pub struct ClientCredentials {
    settings: Settings,
    endpoint: Url,
    clock: Arc<dyn Clock>,
}

impl ClientCredentials {
    /// The tokens of a client. Nothing is sent yet.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, Mistake> {
        let endpoint = address(&settings.endpoint).map_err(Mistake::Endpoint)?;
        if has_credential(&endpoint) {
            return Err(Mistake::Endpoint("it contains a user or a password".to_owned()));
        }
        let source = Self { settings, endpoint, clock };
        source.http().map(|_checked| source)
    }

    /// A client for one request: the next one is most of a token's life away.
    fn http(&self) -> Result<reqwest::Client, Mistake> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("sheaf/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none());
        let http = match &self.settings.ca {
            Some(pem) => trusting_also(http, pem).map_err(Mistake::Ca)?,
            None => http,
        };
        http.build().map_err(|error| Mistake::Ca(chain(error)))
    }

    /// The request of RFC 6749, 4.4.2, with the client's id and secret as they are, as librdkafka and Kafka's own clients send them: the form of 2.3.1,
    /// which encodes them, is not taken by all servers.
    async fn request(&self) -> Result<Token, TokenError> {
        let unavailable = |detail: String| TokenError::Unavailable(detail);
        let http = self.http().map_err(|mistake| unavailable(mistake.to_string()))?;
        // A token lives from when it was asked for, at the latest.
        let asked = self.clock.now();
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(self.settings.scope.as_deref().map(|scope| ("scope", scope)));
        let request = http
            .post(self.endpoint.clone())
            .basic_auth(&self.settings.client_id, Some(self.settings.client_secret.expose()))
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(encoded(&form));
        let mut response = request.send().await.map_err(|error| unavailable(chain(error)))?;
        let status = response.status().as_u16();
        let body = body(&mut response, ANSWER_MAX).await.map_err(|error| unavailable(chain(error)))?;
        let body = body.ok_or_else(|| unavailable("its answer is longer than 1 MiB".to_owned()))?;
        let mut token = answer::token(status, &body, asked)?;
        token.extensions.clone_from(&self.settings.extensions);
        Ok(token)
    }
}

impl TokenSource for ClientCredentials {
    fn fetch(&self) -> Result<Token, TokenError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| TokenError::Unavailable(format!("no runtime: {error}")))?;
        // Its text is another's, and may repeat what it was asked.
        let named = |detail: &str| {
            format!("the token endpoint {}: {detail}", self.endpoint)
                .replace(self.settings.client_secret.expose(), "***")
        };
        let answered = runtime.block_on(self.request());
        // A name that is still being looked up is not waited for.
        runtime.shutdown_background();
        answered.map_err(|error| match error {
            TokenError::Refused(detail) => TokenError::Refused(named(&detail)),
            TokenError::Unavailable(detail) => TokenError::Unavailable(named(&detail)),
        })
    }

    fn owner(&self) -> String {
        format!("the OAuth client {}", self.settings.client_id)
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The form of a request.
fn encoded(form: &[(&str, &str)]) -> String {
    let pairs = form.iter().map(|(name, value)| format!("{name}={}", crate::codec::percent_encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}
