//! The simulator's stream of alerts, heard by a real WebSocket client.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test support fails by panicking")]

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use sheaf::mock::control_m::{Action, Fault, SimulatorSettings};
use sheaf::secret::Secret;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::simulator::Fixture;

type Listener = WebSocketStream<MaybeTlsStream<TcpStream>>;

fn fixture() -> Fixture {
    Fixture::with(|settings| SimulatorSettings {
        visibility_lag: Duration::ZERO..=Duration::ZERO,
        api_keys: vec![Secret::new("k-1".to_owned())],
        ..settings
    })
}

impl Fixture {
    /// Listens with this key, or tells the status and the message with which it is refused.
    fn listen(&self, key: &str) -> Result<Listener, (u16, String)> {
        let base_url = self.simulator.base_url();
        let url = base_url.replace("http://", "ws://").replace("/automation-api", "/alerts");
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("x-api-key", key.parse().unwrap());
        match self.runtime.block_on(connect_async(request)) {
            Ok((listener, _)) => Ok(listener),
            Err(Error::Http(answer)) => {
                let status = answer.status().as_u16();
                Err((status, String::from_utf8(answer.into_body().unwrap_or_default()).unwrap()))
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// The fields of the next alert.
    fn hear(&self, listener: &mut Listener) -> Value {
        let next = async { tokio::time::timeout(Duration::from_secs(10), listener.next()).await };
        let Message::Text(text) = self.runtime.block_on(next).unwrap().unwrap().unwrap() else { panic!("no text") };
        let message: Value = serde_json::from_str(&text).unwrap();
        message["alertFields"].clone()
    }

    fn order(&self, definition: &Value) {
        let file = reqwest::multipart::Part::text(definition.to_string());
        let form = reqwest::multipart::Form::new().part("definitionsFile", file);
        let request = self.http.post(self.url("/run/ondemand")).header("x-api-key", "k-1").multipart(form);
        assert_eq!(self.runtime.block_on(request.send()).unwrap().status(), 200);
    }
}

/// A job that fails, of which somebody is told by an alert and by mail.
fn failing() -> Value {
    let told = json!({ "Type": "If", "CompletionStatus": "NOTOK",
        "mail": { "Type": "Action:Mail", "To": "ops@example.com", "Subject": "failed", "Message": "see the log" },
        "alert": { "Type": "Action:Notify", "Message": "Ended not OK", "Urgency": "VeryUrgent" } });
    let job = json!({ "Type": "Job:Command", "Command": "exit 1", "Host": "h1", "RunAs": "batch", "If": told });
    json!({ "f": { "Type": "Folder", "ControlmServer": "IN01", "Application": "shop", "SubApplication": "orders", "job": job } })
}

#[test]
fn an_alert_is_a_message_with_all_its_fields_in_their_order() {
    let fixture = fixture();
    fixture.order(&failing());
    fixture.clock.advance(Duration::from_secs(5));
    assert_eq!(fixture.simulator.dump().alerts.len(), 2, "raised before anybody listens");
    let mut listener = fixture.listen("k-1").unwrap();
    fixture.order(&failing());
    fixture.clock.advance(Duration::from_secs(5));
    let alert = fixture.hear(&mut listener);
    let raised = fixture.simulator.dump().alerts.pop().unwrap();
    let run_id = raised.job_id.strip_prefix("IN01:").unwrap();
    assert_eq!(
        alert,
        json!([
            { "eventType": "I" }, { "id": "3" }, { "server": "IN01" }, { "fileName": "" }, { "runId": run_id },
            { "severity": "V" }, { "status": "0" }, { "time": "20231114221326" }, { "user": "" }, { "updateTime": "" },
            { "message": "Ended not OK" }, { "runAs": "batch" }, { "subApplication": "orders" },
            { "application": "shop" }, { "jobName": "job" }, { "host": "h1" }, { "type": "R" },
            { "closedByControlM": "" }, { "ticketNumber": "" }, { "runNo": "00001" }, { "notes": "" },
        ]),
        "of the second folder, and the alert only: a mail is none"
    );
}

#[test]
fn an_alert_of_a_service_is_told_by_its_name() {
    let fixture = fixture();
    let mut listener = fixture.listen("k-1").unwrap();
    let sla = json!({ "Type": "Job:SLAManagement", "ServiceName": "shop", "CompleteIn": { "Time": "0:01" } });
    let job = json!({ "Type": "Job:Command", "Command": "sleep 30" });
    let flow = json!({ "Type": "Flow", "Sequence": ["job", "sla"] });
    fixture
        .order(&json!({ "f": { "Type": "Folder", "ControlmServer": "IN01", "job": job, "sla": sla, "flow": flow } }));
    fixture.clock.advance(Duration::from_mins(2));
    let alert = fixture.hear(&mut listener);
    assert_eq!((&alert[10], &alert[5]), (&json!({ "message": "ServiceEndedOK: shop" }), &json!({ "severity": "R" })));
}

#[test]
fn there_is_one_listener_and_it_needs_a_key() {
    let fixture = fixture();
    let mut first = fixture.listen("k-1").unwrap();
    let (status, message) = fixture.listen("k-1").unwrap_err();
    assert_eq!(status, 409, "{message}");
    assert!(message.contains("Another Alerts listener is already connected"), "{message}");
    assert_eq!(fixture.listen("k-2").unwrap_err().0, 401);
    fixture.simulator.inject(Fault::once(
        "GET",
        "/alerts",
        Action::respond(503, "External Alerts Service is disabled"),
    ));
    assert_eq!(fixture.listen("k-1").unwrap_err(), (503, "External Alerts Service is disabled".to_owned()));
    assert_eq!(fixture.simulator.dump().calls("GET /alerts"), 4);

    // A ping is answered, and when the listener is gone there is room for another one.
    let pong = fixture.runtime.block_on(async {
        first.send(Message::Ping("p".into())).await.unwrap();
        first.next().await.unwrap().unwrap()
    });
    assert_eq!(pong, Message::Pong("p".into()));
    fixture.runtime.block_on(first.close(None)).unwrap();
    let again = std::iter::repeat_with(|| fixture.listen("k-1")).take(200);
    assert!(again.inspect(|_| std::thread::sleep(Duration::from_millis(10))).any(|listener| listener.is_ok()));
}

#[test]
fn a_listener_is_cut_when_the_server_goes_down() {
    let fixture = fixture();
    let mut listener = fixture.listen("k-1").unwrap();
    fixture.runtime.block_on(fixture.simulator.set_down(true));
    let end = fixture.runtime.block_on(async { tokio::time::timeout(Duration::from_secs(10), listener.next()).await });
    assert!(!matches!(end.unwrap(), Some(Ok(_))));
    fixture.runtime.block_on(fixture.simulator.set_down(false));
    let mut listener = fixture.listen("k-1").unwrap();
    fixture.order(&failing());
    fixture.clock.advance(Duration::from_secs(5));
    assert_eq!(fixture.hear(&mut listener)[1], json!({ "id": "1" }));
}
