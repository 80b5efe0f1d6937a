//! Sends one HTTP request, at most once, and returns how far it got.

use std::sync::Arc;
use std::time::Duration;

use reqwest::RequestBuilder;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use serde::Deserialize;
use serde_json::json;

use super::authorization::{self, Authorization, Held, SESSION_AGE_MAX, Session};
use super::exchange::{Exchange, Failure, Reason, Reply};
use super::http;
use super::request::{self, Call, LOOK_UP_ROWS_MAX};
use super::settings::{Annotation, Error, Settings};
use crate::codec::percent_encode;
use crate::http_client::{address, body, chain, has_credential};
use crate::model::Clock;
use crate::processor::delivery::control_m::Mode;
use crate::sink::http::permit::{self, Permitted};
use crate::sink::http::{before, retry_after, traced};

/// The longest response that is read, in bytes: 10,000 rows take some 5 MB.
const ANSWER_MAX: usize = 16 << 20;
/// The date of an event that has none (the API's own description: `STAT`).
pub(super) const NO_DATE: &str = "STAT";
/// The path of the Automation API on its server.
const API: &str = "/automation-api";
/// The detail of a request without a response in time.
const TIMED_OUT: &str = "no answer within control_m.request_timeout";

/// An HTTP client for one server.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base_url: String,
    pub(super) authorization: Authorization,
    /// The headers of calls that change something.
    annotation: HeaderMap,
    clock: Arc<dyn Clock>,
    request_timeout: Duration,
}

impl Client {
    /// A client; no request is sent yet.
    pub(super) fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let base_url = base_url(&settings.base_url)?;
        let http = http::build(settings)?;
        let authorization = Authorization::new(&settings.credential, settings.source.clone())?;
        let annotation = annotation(&settings.annotation)?;
        Ok(Self { http, base_url, authorization, annotation, clock, request_timeout: settings.request_timeout })
    }

    /// Sends the call of an act. The body of a submit is held back if `expires_at` (on the clock's uptime) has passed
    /// when it is about to be sent.
    pub(super) async fn send(&self, call: Call, expires_at: Duration) -> Exchange {
        match call {
            Call::Submit { mode, body, .. } => {
                let (body, refused) = Permitted::new(body, Arc::clone(&self.clock), expires_at);
                let exchange = self.exchange(self.submit(mode).body(reqwest::Body::wrap(body))).await;
                let expired = || Failure::of_call(permit::Expired.to_string());
                if refused.is_set() { Exchange::NotSent(expired()) } else { exchange }
            }
            Call::LookUp { folder, server } => self.jobs(&folder, &server, LOOK_UP_ROWS_MAX).await,
            Call::AddEvent { event, server } => self.add_event(&event, &server).await,
        }
    }

    /// A submit without a definition or a folder: it submits nothing, and is refused for that where submits are taken.
    pub(super) async fn check(&self, mode: Mode) -> Exchange {
        self.exchange(self.submit(mode).body(request::empty(mode))).await
    }

    /// A submit without its body.
    fn submit(&self, mode: Mode) -> RequestBuilder {
        self.change(request::path(mode)).header(CONTENT_TYPE, request::content_type(mode))
    }

    /// Requests the jobs of the folders of this name, where `*` stands for any characters, at most `limit`.
    pub(super) async fn jobs(&self, folder: &str, server: &str, limit: usize) -> Exchange {
        let limit = limit.to_string();
        let query = [("folder", folder), ("server", server), ("limit", &limit)];
        self.exchange(self.http.get(self.url("/run/jobs/status")).query(&query)).await
    }

    /// Adds an event without a date, which stays until it is deleted.
    async fn add_event(&self, event: &str, server: &str) -> Exchange {
        let body = json!({ "name": event, "date": NO_DATE }).to_string();
        let request = self.change(&format!("/run/event/{}", percent_encode(server)));
        self.exchange(request.header(CONTENT_TYPE, "application/json").body(body)).await
    }

    /// Requests the events of this name.
    pub(super) async fn events(&self, event: &str, server: &str) -> Exchange {
        self.exchange(self.http.get(self.url("/run/events")).query(&[("name", event), ("ctm", server)])).await
    }

    /// Requests the log of a job.
    pub(super) async fn job_log(&self, job_id: &str) -> Exchange {
        self.exchange(self.http.get(self.url(&path_of_job(job_id, "log")))).await
    }

    /// Runs a job again. Not idempotent.
    pub(super) async fn rerun(&self, job_id: &str) -> Exchange {
        self.exchange(self.change(&path_of_job(job_id, "rerun"))).await
    }

    /// Requests the SLA services.
    pub(super) async fn services(&self) -> Exchange {
        self.exchange(self.http.get(self.url("/run/services/sla"))).await
    }

    /// A call that changes something.
    fn change(&self, path: &str) -> RequestBuilder {
        self.http.post(self.url(path)).headers(self.annotation.clone())
    }

    /// Ends the session of a login, if there is one. One that cannot be ended ends by itself.
    pub(super) async fn log_out(&self) {
        let Some(Session { header, .. }) = self.authorization.session().await.take() else { return };
        let request = self.http.post(self.url("/session/logout")).header(AUTHORIZATION, header);
        // The answer has the token.
        let has_ended = matches!(self.exchange_as_is(request).await, Exchange::Answered(Reply { status: 200, .. }));
        tracing::debug!(has_ended, "logged out of Control-M");
    }

    /// Requests the list of servers.
    pub(super) async fn servers(&self) -> Exchange {
        self.exchange(self.http.get(self.url("/config/servers"))).await
    }

    /// The URL of a path below the base.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    async fn exchange(&self, request: RequestBuilder) -> Exchange {
        let (name, value) = match self.authorize().await {
            Ok(header) => header,
            Err(exchange) => return exchange,
        };
        let exchange = self.exchange_as_is(request.header(name, value.clone())).await;
        if matches!(&exchange, Exchange::Answered(Reply { status: 401, .. })) {
            self.authorization.expire(&value).await;
        }
        exchange
    }

    /// The header that authorises a request. Logs in if there is no session, or an old one; the error is that of the login.
    async fn authorize(&self) -> Result<(HeaderName, HeaderValue), Exchange> {
        let (username, password) = match self.authorization.held() {
            Held::ApiKey(key) => return Ok((HeaderName::from_static("x-api-key"), key)),
            Held::Login(username, password) => (username, password),
        };
        let mut session = self.authorization.session().await;
        if let Some(open) = session.as_ref().filter(|open| self.clock.uptime() < open.renew_at) {
            return Ok((AUTHORIZATION, open.header.clone()));
        }
        let body = json!({ "username": username.expose(), "password": password.expose() }).to_string();
        let request = self.http.post(self.url("/session/login")).header(CONTENT_TYPE, "application/json").body(body);
        let reply = match self.exchange_as_is(request).await {
            Exchange::Answered(reply) if reply.status == 200 => reply,
            Exchange::Answered(reply) | Exchange::NoSession(reply) => return Err(Exchange::NoSession(reply)),
            Exchange::Lost(detail) => {
                return Err(Exchange::NotSent(Failure::of_call(format!("the login has failed: {detail}"))));
            }
            Exchange::NotSent(failure) => return Err(Exchange::NotSent(failure)),
        };
        let token = reply.body.ok().and_then(|body| serde_json::from_str::<LoggedIn>(&body).ok());
        let header = token.and_then(|LoggedIn { token }| authorization::header(&format!("Bearer {token}")).ok());
        let invalid = || Exchange::NotSent(Failure::of_call("the answer to the login has no token".to_owned()));
        let header = header.ok_or_else(invalid)?;
        let renew_at = self.clock.uptime().saturating_add(SESSION_AGE_MAX);
        *session = Some(Session { header: header.clone(), renew_at });
        Ok((AUTHORIZATION, header))
    }

    async fn exchange_as_is(&self, request: RequestBuilder) -> Exchange {
        let give_up_at = self.clock.uptime().saturating_add(self.request_timeout);
        let mut response = match before(&*self.clock, give_up_at, traced(request).send()).await {
            None => return Exchange::Lost(TIMED_OUT.to_owned()),
            Some(Err(error)) if error.is_connect() => {
                let detail = chain(error);
                return Exchange::NotSent(Failure { reason: Some(Reason::of_connection(&detail)), detail });
            }
            Some(Err(error)) if error.is_builder() => return Exchange::NotSent(Failure::of_call(chain(error))),
            Some(Err(error)) => return Exchange::Lost(chain(error)),
            Some(Ok(response)) => response,
        };
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get(RETRY_AFTER).and_then(|value| retry_after::read(value.as_bytes(), self.clock.now()));
        let read = before(&*self.clock, give_up_at, read(&mut response)).await;
        let body = read.unwrap_or_else(|| Err(TIMED_OUT.to_owned()));
        Exchange::Answered(Reply { status, retry_after, body })
    }
}

/// The answer to a login, without irrelevant fields.
#[derive(Deserialize)]
struct LoggedIn {
    token: String,
}

/// The path of a job, whose id is one segment.
fn path_of_job(job_id: &str, verb: &str) -> String {
    format!("/run/job/{}/{verb}", percent_encode(job_id))
}

fn annotation(annotation: &Annotation) -> Result<HeaderMap, Error> {
    let values = [
        ("annotation-subject", "control_m.annotation_subject", &annotation.subject),
        ("annotation-description", "control_m.annotation_description", &annotation.description),
    ];
    let mut headers = HeaderMap::new();
    for (name, setting, value) in values {
        if let Some(value) = value {
            let value = HeaderValue::from_str(value).ok().ok_or(Error::Annotation { setting })?;
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    Ok(headers)
}

/// The address without its last slash. One without a path is that of the server: the API is below [`API`] there.
fn base_url(text: &str) -> Result<String, Error> {
    let wrong = |detail| Error::BaseUrl { url: text.to_owned(), detail };
    let url = address(text).map_err(wrong)?;
    if has_credential(&url) {
        // The text is not shown, because it may hold a password.
        return Err(Error::BaseUrl { url: "***".to_owned(), detail: "it contains a user or a password".to_owned() });
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it contains a `?` or a `#`".to_owned()));
    }
    let path = if url.path() == "/" { API } else { "" };
    Ok(format!("{}{path}", url.as_str().trim_end_matches('/')))
}

/// The body as text, up to the limit.
async fn read(response: &mut reqwest::Response) -> Result<String, String> {
    let bytes = body(response, ANSWER_MAX).await.map_err(chain)?;
    let bytes = bytes.ok_or_else(|| format!("the answer is larger than {ANSWER_MAX} bytes"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Error, base_url};

    #[test]
    fn an_address_is_taken_with_or_without_its_last_slash() {
        for text in ["https://ctm:8443/automation-api", "https://ctm:8443/automation-api/"] {
            assert_eq!(base_url(text).unwrap(), "https://ctm:8443/automation-api");
        }
        assert_eq!(base_url("https://gateway/ctm/").unwrap(), "https://gateway/ctm", "a gateway has paths of its own");
    }

    #[test]
    fn an_address_of_a_server_alone_has_the_api_at_its_usual_path() {
        for text in ["https://ctm:8443", "https://ctm:8443/"] {
            assert_eq!(base_url(text).unwrap(), "https://ctm:8443/automation-api");
        }
    }

    #[test]
    fn an_address_that_would_lead_elsewhere_is_refused() {
        for text in ["", "ctm:8443", "ftp://ctm/", "https://ctm/?a=b", "https://ctm/#a", "/automation-api"] {
            assert!(matches!(base_url(text), Err(Error::BaseUrl { .. })), "{text}");
        }
        let error = base_url("https://me:hunter2@ctm/").unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
