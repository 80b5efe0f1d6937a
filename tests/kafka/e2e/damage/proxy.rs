//! A proxy between a client and one broker, which drops the ends of transactions (the requests or their responses), and
//! answers the fetches of one partition with an error.
//!
//! A frame is a length of four bytes and the bytes; a request begins with its API key (i16), its version (i16) and a
//! correlation id (i32), with which the response begins (<https://kafka.apache.org/protocol>). The address of the
//! broker in responses is replaced by the proxy's.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::fetch_response::{self, TopicId};

/// `Fetch`.
const FETCH: [u8; 2] = 1_u16.to_be_bytes();
/// `Metadata`.
const METADATA: [u8; 2] = 3_u16.to_be_bytes();
/// `EndTxn`.
const END_TXN: [u8; 2] = 26_u16.to_be_bytes();
const HOST: &[u8] = b"127.0.0.1";

/// The part of a transaction's end that is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// The request: the broker does not execute it.
    Request,
    /// The response: the broker has executed it.
    Answer,
}

/// A running proxy. Its threads end with their connections, which end with the client processes.
pub(super) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    broker: u16,
    port: u16,
    losing: Mutex<Option<Loss>>,
    lost: AtomicU32,
    failing: Mutex<Option<Failing>>,
    failed: AtomicU32,
    /// All responses to `Metadata`, which have the names and ids of topics.
    metadata: Mutex<Vec<Vec<u8>>>,
    ended: AtomicBool,
}

/// The partition whose fetches fail. Responses to fetches name topics by their ids.
#[derive(Clone, Copy)]
struct Failing {
    topic: TopicId,
    partition: i32,
}

/// The requests of one connection whose responses are changed or dropped, by their correlation ids.
#[derive(Default)]
struct Waiting {
    unanswered: BTreeSet<[u8; 4]>,
    fetches: BTreeSet<[u8; 4]>,
    metadata: BTreeSet<[u8; 4]>,
}

impl Proxy {
    /// A proxy for the broker at `127.0.0.1:PORT`.
    pub(super) fn start(bootstrap_servers: &str) -> Self {
        let (_, broker) = bootstrap_servers.rsplit_once(':').expect("a port");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let shared = Arc::new(Shared {
            broker: broker.parse().expect("a port"),
            port,
            losing: Mutex::new(None),
            lost: AtomicU32::new(0),
            failing: Mutex::new(None),
            failed: AtomicU32::new(0),
            metadata: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if serving.ended.load(Ordering::Relaxed) {
                    return;
                }
                serving.clone().connect(client);
            }
        });
        Self { port, shared }
    }

    /// Its own address.
    pub(super) fn bootstrap_servers(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Drops this part of every end of a transaction from now on; a single loss would be hidden by the client's retry.
    pub(super) fn lose(&self, loss: Loss) {
        *self.shared.losing.lock().expect("not poisoned") = Some(loss);
    }

    /// Answers every fetch of this partition that finds records with `UNKNOWN_SERVER_ERROR`. A client must have requested the
    /// topic's metadata before.
    pub(super) fn fail_fetches(&self, topic: &str, partition: i32) {
        let metadata = self.shared.metadata.lock().expect("not poisoned");
        let id = metadata.iter().rev().find_map(|answer| fetch_response::topic_id(answer, topic));
        let failing = Failing { topic: id.expect("a topic in the metadata"), partition };
        *self.shared.failing.lock().expect("not poisoned") = Some(failing);
    }

    /// Ends all faults.
    pub(super) fn heal(&self) {
        *self.shared.losing.lock().expect("not poisoned") = None;
        *self.shared.failing.lock().expect("not poisoned") = None;
    }

    /// The number of fetches that were answered with an error.
    pub(super) fn failed(&self) -> u32 {
        self.shared.failed.load(Ordering::Relaxed)
    }

    /// The number of dropped requests and responses.
    pub(super) fn lost(&self) -> u32 {
        self.shared.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        // Ends the blocking accept of the listener.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl Shared {
    fn connect(self: Arc<Self>, client: TcpStream) {
        let Ok(broker) = TcpStream::connect(("127.0.0.1", self.broker)) else { return };
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        let (from_client, to_client) = (client.try_clone().expect("cloned"), client);
        let (from_broker, to_broker) = (broker.try_clone().expect("cloned"), broker);
        let (there, back) = (Arc::clone(&self), self);
        let noted = Arc::clone(&waiting);
        thread::spawn(move || pass(from_client, to_broker, |frame| there.on_request(frame, &noted)));
        thread::spawn(move || pass(from_broker, to_client, |frame| back.on_answer(frame, &waiting)));
    }

    /// False if the request is dropped.
    fn on_request(&self, frame: &[u8], waiting: &Mutex<Waiting>) -> bool {
        let id: [u8; 4] = frame[4..8].try_into().expect("four bytes");
        let mut waiting = waiting.lock().expect("not poisoned");
        if frame.starts_with(&FETCH) {
            waiting.fetches.insert(id);
        } else if frame.starts_with(&METADATA) {
            waiting.metadata.insert(id);
        }
        if !frame.starts_with(&END_TXN) {
            return true;
        }
        let Some(loss) = *self.losing.lock().expect("not poisoned") else { return true };
        if loss == Loss::Answer {
            waiting.unanswered.insert(id);
        }
        self.lost.fetch_add(1, Ordering::Relaxed);
        loss == Loss::Answer
    }

    /// False if the response is dropped.
    fn on_answer(&self, frame: &mut [u8], waiting: &Mutex<Waiting>) -> bool {
        let id: [u8; 4] = frame[..4].try_into().expect("four bytes");
        let mut waiting = waiting.lock().expect("not poisoned");
        if waiting.metadata.remove(&id) {
            self.metadata.lock().expect("not poisoned").push(frame.to_vec());
        }
        if let (true, Some(Failing { topic, partition })) =
            (waiting.fetches.remove(&id), *self.failing.lock().expect("not poisoned"))
            && fetch_response::fail(frame, topic, partition)
        {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        let (from, to) = (u32::from(self.broker).to_be_bytes(), u32::from(self.port).to_be_bytes());
        let address = [HOST, &from].concat();
        for at in 0..frame.len().saturating_sub(address.len() - 1) {
            if frame[at..].starts_with(&address) {
                frame[at + HOST.len()..at + address.len()].copy_from_slice(&to);
            }
        }
        !waiting.unanswered.remove(&id)
    }
}

/// Forwards frames until one side has closed its connection.
fn pass(mut from: TcpStream, mut to: TcpStream, mut forward: impl FnMut(&mut [u8]) -> bool) {
    let mut next = || -> std::io::Result<()> {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let mut frame = vec![0; usize::try_from(u32::from_be_bytes(length)).expect("fits")];
        from.read_exact(&mut frame)?;
        if forward(&mut frame) {
            to.write_all(&length)?;
            to.write_all(&frame)?;
        }
        Ok(())
    };
    while next().is_ok() {}
    for side in [from, to] {
        drop(side.shutdown(Shutdown::Both));
    }
}
