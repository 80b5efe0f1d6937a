//! A proxy between a client and one broker, which loses the ends of transactions: the requests, or their answers.
//!
//! Frames are a length of four bytes and so many bytes; a request begins with its API key (i16), its version (i16) and a
//! correlation id (i32), with which the answer begins (<https://kafka.apache.org/protocol>). The address that brokers
//! name in their answers is replaced by the proxy's.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// `EndTxn`.
const END_TXN: [u8; 2] = 26_u16.to_be_bytes();
const HOST: &[u8] = b"127.0.0.1";

/// What is lost of the end of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// The broker never hears of it.
    Request,
    /// The broker does it, and nobody hears of that.
    Answer,
}

/// A running proxy. Its threads end with the connections, and those with the processes that made them.
pub(super) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    broker: u16,
    port: u16,
    losing: Mutex<Option<Loss>>,
    lost: AtomicU32,
    ended: AtomicBool,
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

    /// Loses this of every end of a transaction from now on: a client asks again, and one loss would pass unnoticed.
    pub(super) fn lose(&self, loss: Loss) {
        *self.shared.losing.lock().expect("not poisoned") = Some(loss);
    }

    /// Loses nothing any more.
    pub(super) fn heal(&self) {
        *self.shared.losing.lock().expect("not poisoned") = None;
    }

    /// How many were lost.
    pub(super) fn lost(&self) -> u32 {
        self.shared.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        // Wakes the listener.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl Shared {
    fn connect(self: Arc<Self>, client: TcpStream) {
        let Ok(broker) = TcpStream::connect(("127.0.0.1", self.broker)) else { return };
        let unanswered = Arc::new(Mutex::new(BTreeSet::new()));
        let (from_client, to_client) = (client.try_clone().expect("cloned"), client);
        let (from_broker, to_broker) = (broker.try_clone().expect("cloned"), broker);
        let (there, back) = (Arc::clone(&self), self);
        let swallowed = Arc::clone(&unanswered);
        thread::spawn(move || pass(from_client, to_broker, |frame| there.on_request(frame, &swallowed)));
        thread::spawn(move || pass(from_broker, to_client, |frame| back.on_answer(frame, &unanswered)));
    }

    /// False when the request is lost.
    fn on_request(&self, frame: &[u8], unanswered: &Mutex<BTreeSet<[u8; 4]>>) -> bool {
        if !frame.starts_with(&END_TXN) {
            return true;
        }
        let Some(loss) = *self.losing.lock().expect("not poisoned") else { return true };
        if loss == Loss::Answer {
            let id = frame[4..8].try_into().expect("four bytes");
            unanswered.lock().expect("not poisoned").insert(id);
        }
        self.lost.fetch_add(1, Ordering::Relaxed);
        loss == Loss::Answer
    }

    /// False when the answer is lost.
    fn on_answer(&self, frame: &mut [u8], unanswered: &Mutex<BTreeSet<[u8; 4]>>) -> bool {
        let id: [u8; 4] = frame[..4].try_into().expect("four bytes");
        let (from, to) = (u32::from(self.broker).to_be_bytes(), u32::from(self.port).to_be_bytes());
        let address = [HOST, &from].concat();
        for at in 0..frame.len().saturating_sub(address.len() - 1) {
            if frame[at..].starts_with(&address) {
                frame[at + HOST.len()..at + address.len()].copy_from_slice(&to);
            }
        }
        !unanswered.lock().expect("not poisoned").remove(&id)
    }
}

/// Passes frames on until one side has gone.
fn pass(mut from: TcpStream, mut to: TcpStream, mut goes_on: impl FnMut(&mut [u8]) -> bool) {
    let mut next = || -> std::io::Result<()> {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let mut frame = vec![0; usize::try_from(u32::from_be_bytes(length)).expect("fits")];
        from.read_exact(&mut frame)?;
        if goes_on(&mut frame) {
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
