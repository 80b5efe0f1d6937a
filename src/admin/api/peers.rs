//! Asks other instances of an application, by the addresses that they have registered.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

use crate::admin::client::last_cause;
use crate::http_client::body;
use crate::model::{InstanceId, TaskId};
use crate::runtime::{Peer, Queries};

/// The longest wait for an instance.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The longest answer, in bytes.
const BYTES_MAX: usize = 64 << 20;

/// The answer of another instance.
pub(super) struct PeerAnswer<T> {
    /// Its tasks of the processor, by what it has registered.
    pub(super) tasks: Vec<TaskId>,
    /// Its answer, `None` for one with the status 404; or why there is none.
    pub(super) answer: Result<Option<T>, String>,
}

/// Asks all other instances with tasks that `is_asked` selects, at once, for the path and query, with the credentials of the caller.
pub(super) async fn ask<T: DeserializeOwned + Send + 'static>(
    queries: &Queries,
    is_asked: impl Fn(&TaskId) -> bool,
    path: &str,
    headers: &HeaderMap,
) -> Vec<PeerAnswer<T>> {
    let mut asked = JoinSet::new();
    let (own, path): (&str, Arc<str>) = (queries.http(), path.into());
    let authorization = headers.get(header::AUTHORIZATION).cloned();
    let mut answers = Vec::new();
    for (instance, Peer { http, owned }) in queries.peers().iter() {
        let tasks: Vec<TaskId> = owned.iter().filter(|task| is_asked(task)).cloned().collect();
        if tasks.is_empty() {
            continue;
        }
        let failed = |reason: String| PeerAnswer { tasks: tasks.clone(), answer: Err(reason) };
        match http {
            None => answers
                .push(failed(format!("{instance} has it, which has no HTTP server or is of a version without this"))),
            Some(http) if http == own => answers.push(failed(format!(
                "{instance} has it, which says that it is reached at {http}, as this one: set http.advertise of both"
            ))),
            Some(http) => {
                let (url, authorization, instance) = (format!("{http}{path}"), authorization.clone(), instance.clone());
                asked.spawn(async move {
                    let answer = tokio::time::timeout(TIMEOUT, get(&url, authorization)).await;
                    let answer = answer.unwrap_or_else(|_elapsed| Err(format!("no answer within {TIMEOUT:?}")));
                    PeerAnswer { tasks, answer: answer.map_err(|error| unanswered(&instance, &url, &error)) }
                });
            }
        }
    }
    answers.extend(asked.join_all().await);
    answers
}

fn unanswered(instance: &InstanceId, url: &str, error: &str) -> String {
    let address = url.split("/api/").next().unwrap_or_default();
    format!("{instance} at {address} does not answer: {error}")
}

async fn get<T: DeserializeOwned>(url: &str, authorization: Option<header::HeaderValue>) -> Result<Option<T>, String> {
    let mut request = client()?.get(url);
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    let mut response = request.send().await.map_err(|error| last_cause(&error))?;
    let body = body(&mut response, BYTES_MAX).await.map_err(|error| last_cause(&error))?;
    let body = body.ok_or("its answer is too long")?;
    match response.status() {
        StatusCode::OK => serde_json::from_slice(&body).map(Some).map_err(|error| error.to_string()),
        StatusCode::NOT_FOUND => Ok(None),
        status => {
            let problem: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&body).unwrap_or_default();
            let detail = problem.get("detail").and_then(|detail| detail.as_str()).unwrap_or_default();
            Err(format!("{status} {detail}").trim_end().to_owned())
        }
    }
}

/// The client of all requests to other instances, whose connections are kept.
fn client() -> Result<&'static reqwest::Client, String> {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client);
    }
    let client = reqwest::Client::builder()
        .user_agent(concat!("sheaf/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(TIMEOUT / 2)
        .no_proxy()
        .build()
        .map_err(|error| last_cause(&error))?;
    Ok(CLIENT.get_or_init(|| client))
}
