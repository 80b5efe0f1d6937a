//! The mail sink against a real SMTP server.

use std::time::Duration;

use sheaf::model::Verdict;
use sheaf::processor::call::{Answer, Mail, Request};
use sheaf::secret::Secret;
use sheaf::sink::Limits;
use sheaf::sink::smtp::{Encryption, Error, Settings, Smtp};

use super::smtp_server::{Behaviour, SmtpServer};
use super::{answer, calls, run, runtime};
use crate::control_m::support::closed_port;

const SIGNED: [&str; 2] =
    [include_str!("../../fixtures/tls/server.pem"), include_str!("../../fixtures/tls/server.key")];
const AUTHORITY: &str = include_str!("../../fixtures/tls/authority.pem");
/// A user, and `\0ann\0pass word` in base64.
const LOGIN: [&str; 2] = ["ann", "AGFubgBwYXNzIHdvcmQ="];

fn settings(port: u16) -> Settings {
    Settings {
        name: "mail".to_owned(),
        host: "localhost".to_owned(),
        port,
        encryption: Encryption::None,
        login: None,
        from: "Sheaf <sheaf@example.com>".to_owned(),
        to: vec!["ops@example.com".to_owned(), "Anna Müller <anna@example.org>".to_owned()],
        ca_bundle: None,
        timeout: Duration::from_secs(10),
        limits: Limits::new(2),
    }
}

fn login(password: &str) -> (Secret, Secret) {
    (Secret::new("ann".to_owned()), Secret::new(password.to_owned()))
}

fn request() -> Request {
    Request::Mail(Mail {
        id: "6354bd85-6b7a-5d9a-a2a3-d227807820d6".to_owned(),
        at: 1_767_225_610_000,
        subject: "[ctm] critical: 2 alerts: sla_breach für p1\r\nBcc: b@example.com".to_owned(),
        text: "critical: sla_breach of p1\n  für p1\n.\nQUIT\n".to_owned(),
    })
}

/// The verdict of one mail to a server that behaves like this, and the server.
fn sent(behaviour: Behaviour, change: impl FnOnce(Settings) -> Settings) -> (Verdict, SmtpServer) {
    let (server, runtime) = (SmtpServer::start(behaviour), runtime());
    let sink = Smtp::new(&change(settings(server.port)), calls(&runtime)).unwrap();
    (run(&sink, &request(), Duration::MAX), server)
}

#[test]
fn a_mail_has_its_envelope_and_headers_and_its_text_cannot_end_it() {
    let (verdict, server) = sent(Behaviour::default(), |settings| settings);
    assert_eq!(answer(&verdict), Answer::Executed { detail: "250 2.0.0 queued as 4711".to_owned() });
    let [mail] = &server.taken()[..] else { panic!("{:?}", server.taken()) };
    let receivers = ["RCPT TO:<ops@example.com>", "RCPT TO:<anna@example.org>"];
    assert!(mail.envelope[0].starts_with("MAIL FROM:<sheaf@example.com>"), "{:?}", mail.envelope);
    assert_eq!(mail.envelope[1..], receivers);
    assert_eq!(mail.header("Message-ID"), "<6354bd85-6b7a-5d9a-a2a3-d227807820d6@example.com>");
    assert_eq!(mail.header("Date"), "Thu, 01 Jan 2026 00:00:10 +0000");
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert_eq!(mail.header("Bcc"), "", "{}", mail.content);
    assert!(!mail.content.contains("\r\nBcc"), "{}", mail.content);
    assert!(mail.content.contains("critical: sla_breach of p1"), "{}", mail.content);
    assert!(mail.content.contains("\r\n.\r\nQUIT"), "{}", mail.content);
}

#[test]
fn all_attempts_send_the_same_bytes() {
    let (server, runtime) = (SmtpServer::start(Behaviour::default()), runtime());
    let sink = Smtp::new(&settings(server.port), calls(&runtime)).unwrap();
    for _ in 0..2 {
        run(&sink, &request(), Duration::MAX);
    }
    let [one, two] = &server.taken()[..] else { panic!("{:?}", server.taken()) };
    assert_eq!(one.content, two.content);
}

#[test]
fn a_login_is_made_on_tls() {
    let behaviour = Behaviour { tls: Some(SIGNED), login: Some(LOGIN), ..Behaviour::default() };
    let (verdict, server) = sent(behaviour, |settings| Settings {
        encryption: Encryption::StartTls,
        login: Some(login("pass word")),
        ca_bundle: Some(AUTHORITY.as_bytes().to_vec()),
        ..settings
    });
    assert!(matches!(answer(&verdict), Answer::Executed { .. }), "{verdict:?}");
    assert!(server.taken()[0].encrypted);
}

#[test]
fn nothing_is_sent_without_tls_or_to_a_server_that_nobody_trusts() {
    let start_tls =
        |settings| Settings { encryption: Encryption::StartTls, login: Some(login("pass word")), ..settings };
    let (verdict, server) = sent(Behaviour { login: Some(LOGIN), ..Behaviour::default() }, start_tls);
    assert!(matches!(verdict, Verdict::NotSent(_)), "the server has no STARTTLS: {verdict:?}");
    assert!(server.taken().is_empty());
    let behaviour = Behaviour { tls: Some(SIGNED), login: Some(LOGIN), ..Behaviour::default() };
    let (verdict, server) = sent(behaviour, start_tls);
    assert!(matches!(&verdict, Verdict::NotSent(_) | Verdict::Unknown(_)), "{verdict:?}");
    assert!(server.taken().is_empty());
}

#[test]
fn a_refused_login_is_tried_again_and_a_refused_mail_is_not() {
    let behaviour = Behaviour { login: Some(LOGIN), ..Behaviour::default() };
    let (verdict, _) = sent(behaviour.clone(), |settings| Settings { login: Some(login("hunter2")), ..settings });
    let Answer::Busy { detail, .. } = answer(&verdict) else { panic!("{verdict:?}") };
    assert!(detail.contains("the login is refused") && detail.contains("535"), "{detail}");
    assert!(!detail.contains("hunter2"), "{detail}");
    let (verdict, _) = sent(behaviour, |settings| settings);
    assert!(matches!(answer(&verdict), Answer::Busy { .. }), "{verdict:?}");

    let behaviour = Behaviour { receiver: Some("550 5.1.1 no such user"), ..Behaviour::default() };
    let (verdict, server) = sent(behaviour, |settings| settings);
    let Answer::Refused { detail } = answer(&verdict) else { panic!("{verdict:?}") };
    assert!(detail.contains("no such user") && server.taken().is_empty(), "{detail}");
}

#[test]
fn a_server_that_is_busy_closes_or_hangs_gets_the_mail_again() {
    let content = Some("451 4.3.0 try again later");
    let (verdict, _) = sent(Behaviour { content, ..Behaviour::default() }, |settings| settings);
    assert!(matches!(answer(&verdict), Answer::Busy { .. }), "{verdict:?}");

    let (verdict, server) = sent(Behaviour { closes: true, ..Behaviour::default() }, |settings| settings);
    assert!(matches!(verdict, Verdict::Unknown(_)), "it was taken, and the answer is lost: {verdict:?}");
    assert_eq!(server.taken().len(), 1);

    let timeout = Duration::from_millis(300);
    let behaviour = Behaviour { hangs: true, ..Behaviour::default() };
    let (verdict, _) = sent(behaviour, |settings| Settings { timeout, ..settings });
    assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
}

#[test]
fn nobody_listens() {
    let (_port, address) = closed_port();
    let runtime = runtime();
    let sink = Smtp::new(&settings(address.port()), calls(&runtime)).unwrap();
    let verdict = run(&sink, &request(), Duration::MAX);
    assert!(matches!(&verdict, Verdict::NotSent(_)), "{verdict:?}");
}

#[test]
fn an_address_that_is_none_is_refused_at_the_start() {
    let runtime = runtime();
    for (from, to, setting) in [("sheaf", "ops@example.com", "from"), ("s@example.com", "ops@", "to")] {
        let settings = Settings { from: from.to_owned(), to: vec![to.to_owned()], ..settings(1) };
        let error = Smtp::new(&settings, calls(&runtime)).unwrap_err();
        assert!(matches!(&error, Error::Address { setting: found, .. } if *found == setting), "{error}");
    }
    let settings = Settings { ca_bundle: Some(b"x".to_vec()), encryption: Encryption::Tls, ..settings(1) };
    let built = Smtp::new(&settings, calls(&runtime));
    assert!(built.is_ok() || matches!(built, Err(Error::Tls { .. })));
}
