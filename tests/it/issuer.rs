//! An issuer of tokens: the token endpoint of OAuth 2 for one client (RFC 6749, 4.4), with tokens that are signed (RFC 7515), and the keys to
//! verify them (RFC 7517).

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// The secret of the client `sheaf`.
pub(crate) const SECRET: &str = "secret-of-the-client";
/// The audience for which tokens are.
pub(crate) const AUDIENCE: &str = "kafka";
/// The scope that is asked for.
pub(crate) const SCOPE: &str = "read write";

/// An issuer on a free port; it ends with the runtime.
pub(crate) struct Issuer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    key: EcdsaKeyPair,
    state: Mutex<Behaviour>,
}

/// What it does with requests, and what it has done.
#[derive(Clone, Debug)]
pub(crate) struct Behaviour {
    /// The life of its tokens.
    pub(crate) life: Duration,
    pub(crate) audience: &'static str,
    /// It answers 503.
    pub(crate) is_failing: bool,
    /// The tokens that it has issued.
    pub(crate) issued: u32,
}

impl Issuer {
    pub(crate) fn start(runtime: &Runtime, life: Duration) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let state = Mutex::new(Behaviour { life, audience: AUDIENCE, is_failing: false, issued: 0 });
        let shared = Arc::new(Shared { key, state });
        let app = Router::new().route("/token", post(token)).route("/keys", get(keys)).with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let listener = runtime.block_on(listener).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, shared }
    }

    /// The token endpoint.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}/token", self.address)
    }

    /// The address of its keys.
    pub(crate) fn keys(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    /// Changes what it does from now on.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.shared.state.lock().unwrap());
    }

    /// The tokens that it has issued.
    pub(crate) fn issued(&self) -> u32 {
        self.shared.state.lock().unwrap().issued
    }
}

async fn token(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let mut state = shared.state.lock().unwrap();
    if state.is_failing {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let refused = |status: StatusCode, error: &str| {
        (status, Json(json!({ "error": error, "error_description": "ask the administrator" }))).into_response()
    };
    let known = format!("Basic {}", STANDARD.encode(format!("sheaf:{SECRET}")));
    if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(known.as_str()) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let asked = [("grant_type", "client_credentials"), ("scope", SCOPE)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    if form != asked {
        return refused(StatusCode::BAD_REQUEST, "invalid_request");
    }
    state.issued += 1;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let claims = json!({
        "iss": "tests", "sub": "sheaf", "aud": state.audience, "scope": SCOPE,
        "iat": now.as_secs(), "exp": (now + state.life).as_secs(),
    });
    let answer = json!({
        "access_token": signed(&shared.key, &claims), "token_type": "Bearer", "expires_in": state.life.as_secs(),
    });
    Json(answer).into_response()
}

async fn keys(State(shared): State<Arc<Shared>>) -> Json<Value> {
    // A byte that tells the form, and both coordinates.
    let point = shared.key.public_key().as_ref();
    let [x, y] = [&point[1..33], &point[33..]].map(|part| URL_SAFE_NO_PAD.encode(part));
    Json(json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "1", "use": "sig", "alg": "ES256", "x": x, "y": y }] }))
}

/// The claims, as a JWT that is signed with ES256.
fn signed(key: &EcdsaKeyPair, claims: &Value) -> String {
    let head = json!({ "alg": "ES256", "kid": "1", "typ": "JWT" });
    let [head, claims] = [&head, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let text = format!("{head}.{claims}");
    let signature = key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}
