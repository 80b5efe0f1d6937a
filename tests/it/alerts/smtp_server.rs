//! A mail server: a login, STARTTLS, and refusals as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How the server behaves.
#[derive(Clone, Debug, Default)]
pub(super) struct Behaviour {
    /// The certificate and the key of `STARTTLS`; without it there is none.
    pub(super) tls: Option<[&'static str; 2]>,
    /// The user and the password that are required.
    pub(super) login: Option<[&'static str; 2]>,
    /// The answer to `RCPT TO`, if it is not 250.
    pub(super) receiver: Option<&'static str>,
    /// The answer to the content, if it is not 250.
    pub(super) content: Option<&'static str>,
    /// True for a server that takes the content and closes the connection without an answer.
    pub(super) closes: bool,
    /// True for a server that does not answer `MAIL FROM`.
    pub(super) hangs: bool,
}

/// A mail that was taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Taken {
    /// The sender and the receivers of the envelope.
    pub(super) envelope: Vec<String>,
    /// The content.
    pub(super) content: String,
    /// True if it came over TLS.
    pub(super) encrypted: bool,
}

impl Taken {
    /// The value of a header on one line.
    pub(super) fn header(&self, name: &str) -> &str {
        let head = self.content.split("\r\n\r\n").next().unwrap_or_default();
        head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default()
    }
}

/// The server.
#[derive(Clone)]
pub(super) struct SmtpServer {
    pub(super) port: u16,
    taken: Arc<Mutex<Vec<Taken>>>,
    behaviour: Behaviour,
}

impl SmtpServer {
    pub(super) fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let server = Self { port: listener.local_addr().unwrap().port(), taken: Arc::default(), behaviour };
        let of_thread = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (server, stream) = (of_thread.clone(), stream.unwrap());
                thread::spawn(move || server.serve(stream));
            }
        });
        server
    }

    /// The mails so far.
    pub(super) fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    /// Talks to a client until it leaves; continues on TLS when it asks for that.
    fn serve(&self, stream: TcpStream) {
        let mut plain = BufReader::new(stream);
        say(&mut plain, "220 mail.test ESMTP");
        if !self.talk(&mut plain, false) {
            return;
        }
        let [certificate, key] = self.behaviour.tls.unwrap();
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(certificates.unwrap(), key).unwrap();
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        self.talk(&mut BufReader::new(StreamOwned::new(connection, plain.into_inner())), true);
    }

    /// True if the client has asked for TLS.
    fn talk<S: Read + Write>(&self, stream: &mut BufReader<S>, encrypted: bool) -> bool {
        let Behaviour { tls, login, receiver, content, closes, hangs } = &self.behaviour;
        let (mut taken, mut is_known) = (Taken { encrypted, ..Taken::default() }, login.is_none());
        loop {
            let Some(line) = line(stream) else { return false };
            let verb = line.to_ascii_uppercase();
            if verb.starts_with("EHLO") {
                let starttls = if tls.is_some() && !encrypted { "250-STARTTLS\r\n" } else { "" };
                let auth = if login.is_some() { "250-AUTH PLAIN LOGIN\r\n" } else { "" };
                say(stream, &format!("250-mail.test\r\n{starttls}{auth}250 8BITMIME"));
            } else if verb == "STARTTLS" {
                say(stream, "220 go ahead");
                return true;
            } else if let Some(given) = line.strip_prefix("AUTH PLAIN ") {
                // "\0user\0password" in base64; the test compares it as it is.
                is_known = login.is_some_and(|[_, encoded]| encoded == given);
                say(stream, if is_known { "235 welcome" } else { "535 5.7.8 authentication failed" });
            } else if verb.starts_with("MAIL FROM") && !is_known {
                say(stream, "530 5.7.0 authentication required");
            } else if verb.starts_with("MAIL FROM") {
                if *hangs {
                    thread::park();
                }
                taken.envelope.push(line);
                say(stream, "250 ok");
            } else if verb.starts_with("RCPT TO") {
                taken.envelope.push(line);
                say(stream, receiver.unwrap_or("250 ok"));
            } else if verb == "DATA" {
                say(stream, "354 go ahead");
                taken.content = body(stream);
                if content.is_none() {
                    self.taken.lock().unwrap().push(taken.clone());
                }
                if *closes {
                    return false;
                }
                say(stream, content.unwrap_or("250 2.0.0 queued as 4711"));
            } else {
                say(stream, "221 bye");
                return false;
            }
        }
    }
}

/// The next line; `None` at the end of the connection.
fn line(stream: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).unwrap_or(0);
    (read > 0).then(|| line.trim_end().to_owned())
}

/// The content up to the line with a dot, whose other leading dots are doubled (RFC 5321, section 4.5.2).
fn body(stream: &mut impl BufRead) -> String {
    let mut text = String::new();
    while let Some(line) = line(stream).filter(|line| line != ".") {
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push_str("\r\n");
    }
    text
}

fn say<S: Read + Write>(stream: &mut BufReader<S>, text: &str) {
    // The client may have left; its verdict is what the test checks.
    drop(stream.get_mut().write_all(format!("{text}\r\n").as_bytes()));
    drop(stream.get_mut().flush());
}
