//! The card service: `POST /charge` and `POST /cleanup`, and `GET /` with what has happened.
//!
//! A charge is executed once for an `Idempotency-Key`: the same key again has the same answer. A failure is told before anything is executed,
//! and the next try of the key may succeed.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::RetailSettings;
use super::chance::strikes;

/// The header with the key of a charge.
const KEY: &str = "idempotency-key";

/// What has happened at the card service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct CardCounts {
    /// The executed charges.
    charged: u64,
    /// The refused ones.
    refused: u64,
    /// The charges that were asked for again with their key, and have had their former answer.
    repeated: u64,
    /// The requests that have failed.
    failed: u64,
    /// The calls of `/cleanup`.
    cleaned_up: u64,
}

#[derive(Debug)]
struct World {
    settings: RetailSettings,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    counts: CardCounts,
    /// The answers by their keys, and the failed tries.
    answers: BTreeMap<String, Value>,
    failures: BTreeMap<String, u32>,
}

/// The card service.
#[derive(Debug)]
pub struct Card {
    listener: TcpListener,
    address: SocketAddr,
    world: Arc<World>,
}

impl Card {
    /// Binds the address; port 0 takes a free port.
    ///
    /// # Errors
    /// The address cannot be had.
    pub async fn bind(address: SocketAddr, settings: RetailSettings) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, world: Arc::new(World { settings, book: Mutex::default() }) })
    }

    /// The address.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers, until it is dropped.
    ///
    /// # Errors
    /// The socket has failed.
    pub async fn serve(self) -> io::Result<()> {
        let routes = Router::new()
            .route("/", get(counts))
            .route("/charge", post(charge))
            .route("/cleanup", post(clean_up))
            .with_state(self.world);
        axum::serve(self.listener, routes).await
    }
}

impl World {
    fn with<T>(&self, change: impl FnOnce(&mut Book) -> T) -> T {
        change(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn counts(State(world): State<Arc<World>>) -> Json<CardCounts> {
    Json(world.with(|book| book.counts))
}

async fn clean_up(State(world): State<Arc<World>>) -> Json<Value> {
    tokio::time::sleep(world.settings.delay).await;
    world.with(|book| book.counts.cleaned_up += 1);
    Json(json!({}))
}

async fn charge(State(world): State<Arc<World>>, headers: HeaderMap, body: String) -> Response {
    tokio::time::sleep(world.settings.delay).await;
    let problem = |status: StatusCode, detail: &str| (status, Json(json!({ "detail": detail }))).into_response();
    let Some(key) = headers.get(KEY).and_then(|key| key.to_str().ok()) else {
        return problem(StatusCode::BAD_REQUEST, "a charge has an Idempotency-Key");
    };
    if serde_json::from_str::<Value>(&body).ok().and_then(|body| body.get("amount")?.as_f64()).is_none() {
        return problem(StatusCode::BAD_REQUEST, "a charge has an `amount`, a number");
    }
    let RetailSettings { refused, failed, seed, .. } = world.settings;
    let answer = world.with(|book| {
        if let Some(answer) = book.answers.get(key) {
            book.counts.repeated += 1;
            return Some(answer.clone());
        }
        let failures = book.failures.entry(key.to_owned()).or_default();
        if strikes(failed, seed, "card", &format!("{key} {failures}")) {
            *failures += 1;
            book.counts.failed += 1;
            return None;
        }
        let answer = if strikes(refused, seed, "refused", key) {
            book.counts.refused += 1;
            json!({ "errorCode": "credit card refused" })
        } else {
            book.counts.charged += 1;
            json!({ "transactionId": Uuid::new_v5(&Uuid::NAMESPACE_OID, key.as_bytes()) })
        };
        book.answers.insert(key.to_owned(), answer.clone());
        Some(answer)
    });
    answer.map_or_else(
        || problem(StatusCode::SERVICE_UNAVAILABLE, "the card service has a problem"),
        |answer| Json(answer).into_response(),
    )
}
