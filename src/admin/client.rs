//! A client of the API of a running instance, for the command line.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Url, redirect};
use serde_json::Value;

use crate::http_client::{body, trusting_only};
use crate::secret::Secret;

/// The time-out of a request: longer than that of the server.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// The most pages of a list.
const PAGES_MAX: usize = 1_000;

/// The instance to ask.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// Its address, `http://127.0.0.1:8080`.
    pub url: String,
    /// The token.
    pub token: Option<Secret>,
    /// A file with certificates in PEM form that are trusted instead of the system's.
    pub ca: Option<PathBuf>,
}

/// The error of a request.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The settings cannot be used.
    #[error("{0}")]
    Settings(String),
    /// There is no answer.
    #[error("no instance answers at {url}: {detail}; name another one with --url, or start one with `sheaf run`")]
    Unreachable {
        /// The address.
        url: String,
        /// What was wrong.
        detail: String,
    },
    /// The instance refuses the request.
    #[error("{url} answers {status}: {detail}")]
    Refused {
        /// The address.
        url: String,
        /// The status.
        status: u16,
        /// The error that it tells.
        detail: String,
    },
    /// What answers is no instance of sheaf.
    #[error("what answers at {url} is no instance of sheaf: {detail}")]
    NotSheaf {
        /// The address.
        url: String,
        /// What was wrong.
        detail: String,
    },
}

/// A client of one instance.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    url: Url,
    token: Option<Secret>,
}

impl Client {
    /// A client; no request is sent yet.
    pub fn new(settings: ClientSettings) -> Result<Self, ClientError> {
        let ClientSettings { url, token, ca } = settings;
        let remedy = "write it as http://127.0.0.1:8080";
        let url: Url = url.parse().map_err(|error| ClientError::Settings(format!("--url {url}: {error}; {remedy}")))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(ClientError::Settings(format!("--url {url}: {remedy}")));
        }
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("sheaf/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .no_proxy();
        if let Some(path) = &ca {
            let refused = |detail: String| ClientError::Settings(format!("--ca {}: {detail}", path.display()));
            let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
            http = trusting_only(http, &pem).map_err(refused)?;
        }
        let http =
            http.build().map_err(|error| ClientError::Settings(format!("the HTTP client cannot start: {error}")))?;
        Ok(Self { http, url, token })
    }

    /// All items of a list, page by page.
    pub async fn list(&self, path: &str, query: &[(&str, String)]) -> Result<Vec<Value>, ClientError> {
        let (mut items, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..PAGES_MAX {
            let of_page = cursor.take().map(|cursor| ("cursor", cursor));
            let page: Vec<_> = [("limit", "500".to_owned())].into_iter().chain(of_page).collect();
            let mut page = self.get(path, &[query, &page].concat()).await?;
            match page.get_mut("items").map(Value::take) {
                Some(Value::Array(more)) => items.extend(more),
                _ => return Err(self.not_sheaf(path, "the answer has no `items`")),
            }
            cursor = page.get("next").and_then(Value::as_str).map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        Ok(items)
    }

    /// The answer to a `GET` of a path below `/api/v1/`.
    pub async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, ClientError> {
        let mut url = self.url.clone();
        url.set_path(&format!("/api/v1/{path}"));
        let unreachable =
            |error: reqwest::Error| ClientError::Unreachable { url: self.url.to_string(), detail: last_cause(&error) };
        let mut request = self.http.get(url).query(query);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose());
        }
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let bytes = body(&mut response, ANSWER_BYTES_MAX).await.map_err(unreachable)?;
        let bytes = bytes.ok_or_else(|| self.not_sheaf(path, "the answer is too long"))?;
        let answer: Result<Value, _> = serde_json::from_slice(&bytes);
        match answer {
            Ok(answer) if status.is_success() => Ok(answer),
            Ok(problem) => {
                let detail = problem.get("detail").and_then(Value::as_str).unwrap_or("no reason given").to_owned();
                Err(ClientError::Refused { url: self.url.to_string(), status: status.as_u16(), detail })
            }
            Err(_) => Err(self.not_sheaf(path, &format!("the answer, with status {}, is not JSON", status.as_u16()))),
        }
    }

    fn not_sheaf(&self, path: &str, detail: &str) -> ClientError {
        ClientError::NotSheaf { url: format!("{}api/v1/{path}", self.url), detail: detail.to_owned() }
    }
}

/// The last cause of an error: the outer ones of a client say only that a request failed.
pub(super) fn last_cause(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.last().map_or_else(|| error.to_string(), ToString::to_string)
}
