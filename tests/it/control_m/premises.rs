//! Control-M on premises: certificates of its own, a proxy, a login.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sheaf::mock::control_m::{Action, Fault};
use sheaf::model::{Sink, Verdict};
use sheaf::processor::delivery::control_m::{Answer, Request};
use sheaf::secret::Secret;
use sheaf::sink::control_m::{Annotation, Credential, Error, Settings};

use super::support::{
    ACCEPTED, AnswerMode, Fixture, RawServer, TIMEOUT, answer, look_up, read_request, run, settings, submit, until,
};

/// A certificate that signs itself, for `localhost`, and its key.
pub(crate) const SELF_SIGNED: [&str; 2] =
    [include_str!("../../fixtures/tls/self-signed.pem"), include_str!("../../fixtures/tls/self-signed.key")];
const SIGNED: [&str; 2] =
    [include_str!("../../fixtures/tls/server.pem"), include_str!("../../fixtures/tls/server.key")];
const AUTHORITY: &str = include_str!("../../fixtures/tls/authority.pem");

/// Starts a server with this certificate and key that accepts each submit; returns its port.
fn tls_server(pair: [&str; 2]) -> u16 {
    tls_server_with(pair, |_request| ACCEPTED.to_vec())
}

/// Starts a server with this certificate and key that answers each request by the function; returns its port.
pub(crate) fn tls_server_with([certificate, key]: [&str; 2], answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> u16 {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(certificates.unwrap(), key).unwrap());
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut tls = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream.unwrap());
            let request = read_request(&mut tls);
            if !request.is_empty() {
                // The client may have refused the certificate; its verdict is what the test checks.
                drop(tls.write_all(&answer(&request)));
                drop(tls.flush());
            }
        }
    });
    port
}

/// Starts a proxy whose tunnels lead to this port, whatever is asked for; returns its port and the heads of the requests.
pub(crate) fn tunnel_to(port: u16) -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let own = listener.local_addr().unwrap().port();
    let (seen, heads) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut client = stream.unwrap();
            drop(seen.send(read_request(&mut client)));
            let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            copy(client.try_clone().unwrap(), server.try_clone().unwrap());
            copy(server, client);
        }
    });
    (own, heads)
}

/// Copies in the background, until one side closes.
fn copy(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(read) = from.read(&mut chunk) {
            if read == 0 || to.write_all(&chunk[..read]).is_err() {
                return;
            }
        }
    });
}

fn trusting(port: u16, pem: Option<&str>) -> Settings {
    let base = format!("https://localhost:{port}/automation-api");
    Settings { ca_bundle: pem.map(|pem| pem.as_bytes().to_vec()), ..settings(&base) }
}

#[test]
fn a_certificate_of_the_bundle_or_of_its_authority_is_trusted() {
    let fixture = Fixture::new();
    for (server, bundle) in [(SELF_SIGNED, SELF_SIGNED[0]), (SIGNED, AUTHORITY)] {
        let sink = fixture.sink(&trusting(tls_server(server), Some(bundle)));
        assert!(matches!(answer(&run(&sink, &submit("folder-a"))), Answer::Accepted { .. }));
    }
}

#[test]
fn a_certificate_that_nobody_trusts_is_told_with_the_remedy() {
    let fixture = Fixture::new();
    for (server, bundle) in
        [(SELF_SIGNED, None), (SIGNED, None), (SELF_SIGNED, Some(AUTHORITY)), (SIGNED, Some(SELF_SIGNED[0]))]
    {
        let sink = fixture.sink(&trusting(tls_server(server), bundle));
        let verdict = run(&sink, &submit("folder-a"));
        let Verdict::Suspended(message) = verdict else { panic!("it is trusted: {verdict:?}") };
        assert!(message.contains("control_m.ca_bundle"), "{message}");
    }
}

#[test]
fn a_trusted_certificate_for_another_name_is_refused() {
    let fixture = Fixture::new();
    let port = tls_server(SELF_SIGNED);
    let base = "https://control-m.test/automation-api".to_owned();
    let (proxy, _heads) = tunnel_to(port);
    let proxy = Some(Secret::new(format!("http://127.0.0.1:{proxy}")));
    let of_sink = Settings { base_url: base, proxy, ..trusting(port, Some(SELF_SIGNED[0])) };
    let sink = fixture.sink(&of_sink);
    let Verdict::Suspended(message) = run(&sink, &submit("folder-a")) else { panic!("it is trusted") };
    assert!(message.contains("another name"), "{message}");
}

#[test]
fn a_bundle_that_is_none_is_refused_at_the_start() {
    let fixture = Fixture::new();
    for pem in ["", "x", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"] {
        let settings = trusting(1, Some(pem));
        let sink =
            sheaf::sink::control_m::ControlM::new(&settings, fixture.runtime.handle().clone(), fixture.clock.clone());
        let error = sink.unwrap_err();
        assert!(matches!(&error, Error::Client { setting: "control_m.ca_bundle", .. }), "{pem}: {error}");
    }
}

#[test]
fn a_proxy_is_used_with_its_user() {
    let fixture = Fixture::new();
    let server = tls_server(SELF_SIGNED);
    let (proxy, heads) = tunnel_to(server);
    let proxy = Some(Secret::new(format!("http://ann:hunter2@127.0.0.1:{proxy}")));
    let of_sink = Settings { proxy, ..trusting(server, Some(SELF_SIGNED[0])) };
    let sink = fixture.sink(&of_sink);
    assert!(matches!(answer(&run(&sink, &submit("folder-a"))), Answer::Accepted { .. }));
    let head = heads.recv_timeout(TIMEOUT).unwrap();
    assert!(head.starts_with("CONNECT localhost:"), "{head}");
    // "ann:hunter2"
    assert!(head.to_ascii_lowercase().contains("proxy-authorization: basic yw5uomh1bnrlcji="), "{head}");
    assert!(!format!("{of_sink:?} {sink:?}").contains("hunter2"));
}

/// A fixture with a user, who logs in with this password.
fn with_login(password: &str) -> Fixture {
    let credential =
        Credential::Login { username: Secret::new("ann".to_owned()), password: Secret::new(password.to_owned()) };
    Fixture::with(
        |settings| Settings { credential, ..settings },
        |mut settings| {
            settings.users = [("ann".to_owned(), Secret::new("hunter2".to_owned()))].into();
            settings
        },
    )
}

const LOGIN: &str = "POST /session/login";
const LOGOUT: &str = "POST /session/logout";

#[test]
fn a_login_opens_one_session_and_renews_it() {
    let fixture = with_login("hunter2");
    for _ in 0..3 {
        assert!(matches!(answer(&fixture.submit("folder-a")), Answer::Accepted { .. }));
    }
    assert_eq!(fixture.simulator.dump().calls(LOGIN), 1);
    fixture.clock.advance(Duration::from_mins(26));
    assert!(matches!(answer(&fixture.submit("folder-a")), Answer::Accepted { .. }));
    assert_eq!(fixture.simulator.dump().calls(LOGIN), 2, "it is renewed before it expires");
}

#[test]
fn a_session_that_the_server_forgot_is_opened_anew() {
    let fixture = with_login("hunter2");
    assert!(matches!(answer(&fixture.submit("folder-a")), Answer::Accepted { .. }));
    let body = r#"{"errors":[{"message":"Session token is invalid or expired"}]}"#;
    fixture.simulator.inject(Fault::once("POST", "/run/ondemand", Action::respond(401, body)));
    assert!(matches!(answer(&fixture.submit("folder-b")), Answer::Busy { status: 401, .. }), "it is tried again");
    assert!(matches!(answer(&fixture.submit("folder-b")), Answer::Accepted { .. }));
    assert_eq!(fixture.simulator.dump().calls(LOGIN), 2);
}

#[test]
fn a_wrong_password_is_told_once_and_suspends_the_sink() {
    let fixture = with_login("wrong");
    let Verdict::Suspended(message) = fixture.submit("folder-a") else { panic!("it is accepted") };
    assert!(message.contains("control_m.password") && !message.contains("wrong)"), "{message}");
    until(|| !fixture.sink.suspensions().is_empty());
    let password = Secret::new("hunter2".to_owned());
    let username = Secret::new("ann".to_owned());
    fixture.sink.set_credential(&Credential::Login { username, password }).unwrap();
    until(|| fixture.sink.suspensions().is_empty());
    assert!(matches!(answer(&fixture.submit("folder-a")), Answer::Accepted { .. }));
}

#[test]
fn a_session_is_ended_when_no_further_calls_are_made() {
    let fixture = with_login("hunter2");
    fixture.runtime.block_on(fixture.sink.log_out());
    assert_eq!(fixture.simulator.dump().calls(LOGOUT), 0, "there was none");
    assert!(matches!(answer(&fixture.submit("folder-a")), Answer::Accepted { .. }));
    fixture.runtime.block_on(fixture.sink.log_out());
    fixture.runtime.block_on(fixture.sink.log_out());
    let dump = fixture.simulator.dump();
    assert_eq!((dump.calls(LOGIN), dump.calls(LOGOUT)), (1, 1));
    assert!(matches!(answer(&fixture.submit("folder-b")), Answer::Accepted { .. }), "a call after it logs in again");
}

#[test]
fn calls_that_change_something_are_annotated_and_others_are_not() {
    let fixture = Fixture::new();
    let annotation =
        Annotation { subject: Some("CHG-17".to_owned()), description: Some("bundles of sheaf".to_owned()) };
    let server = RawServer::start(ACCEPTED, AnswerMode::AtOnce);
    let sink = fixture.sink(&Settings { annotation, ..settings(&server.base_url) });
    let mut heads = [submit("folder-a"), add_event("child-1-a")].map(|request| {
        run(&sink, &request);
        server.request().to_ascii_lowercase()
    });
    for head in &mut heads {
        assert!(head.starts_with("post "), "{head}");
        assert!(head.contains("\r\nannotation-subject: chg-17\r\n"), "{head}");
        assert!(head.contains("\r\nannotation-description: bundles of sheaf\r\n"), "{head}");
    }
    run(&sink, &look_up("folder-a"));
    let head = server.request().to_ascii_lowercase();
    assert!(head.starts_with("get ") && !head.contains("annotation"), "{head}");
    let plain = fixture.sink(&settings(&server.base_url));
    run(&plain, &submit("folder-a"));
    assert!(!server.request().to_ascii_lowercase().contains("annotation"));
}

fn add_event(event: &str) -> String {
    serde_json::to_string(&Request::AddEvent { event: event.to_owned(), server: "smprod".to_owned() }).unwrap()
}

/// An event that exists already is an error to Control-M, in words that are documented nowhere.
#[test]
fn an_event_that_exists_already_is_added_whatever_the_words() {
    let fixture = Fixture::new();
    let added = |fixture: &Fixture| answer(&run(&fixture.sink, &add_event("child-1-a"))) == Answer::Added;
    assert!(added(&fixture) && added(&fixture), "the simulator answers 500 to the second");
    assert_eq!(fixture.simulator.dump().calls("POST /run/event/{server}"), 2);
    let words = r#"{"errors":[{"message":"condition is in the table"}]}"#;
    fixture
        .simulator
        .inject(Fault { times: Some(2), ..Fault::once("POST", "/run/event/*", Action::respond(500, words)) });
    assert!(added(&fixture), "it is listed");
    let other = answer(&run(&fixture.sink, &add_event("child-2-a")));
    assert!(matches!(other, Answer::Busy { status: 500, .. }), "{other:?}: it is not");
}
