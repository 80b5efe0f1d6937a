//! The stream of alerts: a WebSocket at `/alerts`, as the one of the cloud service, which has a host name of its own for it.
//!
//! | what | here |
//! |---|---|
//! | who | `x-api-key`, as with all calls: 401 or 403 without a good one; 503 by a fault |
//! | how many | one listener; another one is refused with 409 until it is gone |
//! | what | a text for each alert that is raised from then on: [`message`] |
//! | pings | of the listener are answered; real ones send one each minute |
//!
//! No source says the path, if earlier alerts are sent, or what a change of an alert looks like: earlier ones are not sent, changes are
//! not told. A mail is no alert.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer;
use super::definition::{MAIL, NOTIFY};
use super::engine::{self, Alert, Engine};
use super::world::{Listening, World};

/// The path of the stream.
pub(super) const PATH: &str = "/alerts";
/// The interval at which Control-M is asked for new alerts, in real time.
const POLL_EVERY: Duration = Duration::from_millis(50);

/// Opens the stream.
pub(super) async fn listen(State(world): State<Arc<World>>, upgrade: WebSocketUpgrade) -> Response {
    let Some(listening) = World::listen(&world) else {
        return answer::error(StatusCode::CONFLICT, "Another Alerts listener is already connected");
    };
    let latest = world.engine(|engine| engine.latest_alert());
    upgrade.on_upgrade(move |socket| async move { tell(socket, &listening, latest).await })
}

/// Sends each alert after this one, until the listener is gone or the simulator stops.
async fn tell(mut socket: WebSocket, listening: &Listening, mut latest: u64) {
    let world = listening.world();
    loop {
        let (new, raised) = world.engine(|engine| {
            // After a reset the numbers begin anew.
            let after = if engine.latest_alert() < latest { 0 } else { latest };
            let new = engine.alerts().iter().filter(|alert| alert.id > after && alert.kind != MAIL);
            (new.map(|alert| message(engine, alert)).collect::<Vec<_>>(), engine.latest_alert())
        });
        latest = raised;
        for alert in new {
            if socket.send(Message::text(alert.to_string())).await.is_err() {
                return;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(POLL_EVERY) => {}
            () = world.stopped() => return,
            // A ping is answered by the library; nothing else is expected.
            received = socket.recv() => match received {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
            },
        }
    }
}

/// An alert as the stream has it: an array of objects with one key each, whose values are texts.
fn message(engine: &Engine, alert: &Alert) -> Value {
    let unit = engine::number(&alert.job_id).and_then(|id| engine.unit(id));
    let labels = unit.map(|unit| unit.node().labels.clone()).unwrap_or_default();
    let order_id = alert.job_id.rsplit(':').next().unwrap_or_default();
    let text = match alert.kind.as_str() {
        NOTIFY => alert.message.clone(),
        // Of a service, whose name is the message.
        kind => format!("{kind}: {}", alert.message),
    };
    let fields: [(&str, String); 21] = [
        ("eventType", "I".to_owned()),
        ("id", alert.id.to_string()),
        ("server", unit.map(|unit| unit.folder().server.clone()).unwrap_or_default()),
        ("fileName", String::new()),
        ("runId", order_id.to_owned()),
        ("severity", alert.severity.clone()),
        ("status", "0".to_owned()),
        ("time", engine.calendar().written(alert.at, "%Y%m%d%H%M%S")),
        ("user", String::new()),
        ("updateTime", String::new()),
        ("message", text),
        ("runAs", labels.run_as),
        ("subApplication", labels.sub_application),
        ("application", labels.application),
        ("jobName", alert.job_name.clone()),
        ("host", labels.host),
        ("type", "R".to_owned()),
        ("closedByControlM", String::new()),
        ("ticketNumber", String::new()),
        ("runNo", format!("{:05}", unit.map_or(0, |unit| unit.runs))),
        ("notes", String::new()),
    ];
    json!({ "alertFields": fields.map(|(name, value)| json!({ name: value })) })
}
