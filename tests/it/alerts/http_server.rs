//! A server of webhooks: answers as it is told, and notes what it has executed.

use std::collections::VecDeque;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::control_m::support::read_request;

/// What the server does with a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply {
    /// Executes it and answers 200.
    Ok,
    /// Answers with this status, and `Retry-After` in seconds; does not execute it.
    Status(u16, Option<u32>),
    /// Executes it and answers with this status.
    ExecutedAndStatus(u16),
    /// Executes it and closes the connection without an answer.
    ExecutedAndReset,
    /// Does not execute it and never answers.
    Hang,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The request line and the headers, in lower case.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: String,
    /// True if it was executed.
    pub(crate) executed: bool,
}

impl Seen {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> &str {
        let prefix = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default()
    }
}

/// The server.
#[derive(Clone)]
pub(crate) struct HttpServer {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    usual: Arc<Mutex<Reply>>,
}

impl HttpServer {
    /// A server that replies like this, and then [`Reply::Ok`].
    pub(crate) fn start(replies: &[Reply]) -> Self {
        Self::on(TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap(), replies)
    }

    /// The same on a listener of the caller.
    pub(crate) fn on(listener: TcpListener, replies: &[Reply]) -> Self {
        let url = format!("http://{}/services/T0/B0/s3cret", listener.local_addr().unwrap());
        let replies = Arc::new(Mutex::new(replies.iter().copied().collect()));
        let server = Self { url, seen: Arc::default(), replies, usual: Arc::new(Mutex::new(Reply::Ok)) };
        let of_thread = server.clone();
        // The thread ends with the test process; it has only its sockets.
        thread::spawn(move || {
            let mut hanging = Vec::new();
            for stream in listener.incoming() {
                hanging.extend(of_thread.serve(stream.unwrap()));
            }
        });
        server
    }

    /// Replies like this when nothing else was told.
    pub(crate) fn set_usual(&self, reply: Reply) {
        *self.usual.lock().unwrap() = reply;
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The bodies that were executed, with their keys.
    pub(crate) fn executed(&self) -> Vec<(String, serde_json::Value)> {
        let executed = self.seen().into_iter().filter(|seen| seen.executed);
        executed
            .map(|seen| (seen.header("idempotency-key").to_owned(), serde_json::from_str(&seen.body).unwrap()))
            .collect()
    }

    /// Serves one request; returns the connection if it is to stay open.
    fn serve(&self, mut stream: TcpStream) -> Option<TcpStream> {
        let text = read_request(&mut stream);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let reply = self.replies.lock().unwrap().pop_front().unwrap_or(*self.usual.lock().unwrap());
        let executed = matches!(reply, Reply::Ok | Reply::ExecutedAndStatus(_) | Reply::ExecutedAndReset);
        let seen = Seen { head: head.to_ascii_lowercase(), body: body.to_owned(), executed };
        self.seen.lock().unwrap().push(seen);
        let (status, retry_after) = match reply {
            Reply::Ok => (200, None),
            Reply::ExecutedAndStatus(status) => (status, None),
            Reply::Status(status, retry_after) => (status, retry_after),
            Reply::ExecutedAndReset => return None,
            Reply::Hang => return Some(stream),
        };
        let retry_after = retry_after.map_or_else(String::new, |seconds| format!("retry-after: {seconds}\r\n"));
        let answer = format!("HTTP/1.1 {status} X\r\n{retry_after}content-length: 2\r\nconnection: close\r\n\r\nok");
        // The client may have given up; its verdict is what the test checks.
        drop(stream.write_all(answer.as_bytes()));
        None
    }
}
