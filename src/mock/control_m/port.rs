//! The socket: refuses, accepts, and cuts connections with a TCP reset.
//!
//! axum closes a connection in order. A client has to survive a reset, so each connection has a [`Line`] that the gate can
//! cut: reads and writes fail from then on, hyper drops the socket, and because its linger time is
//! zero by then the kernel sends a reset instead of a FIN.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

/// The wait before a failed accept or bind is tried again.
const PAUSE: Duration = Duration::from_millis(20);
/// The connections that may wait to be accepted, as std has it.
const BACKLOG: u32 = 128;
/// The pause between two checks that all cut connections are closed, and the number of checks.
const CLOSE_CHECK_EVERY: Duration = Duration::from_millis(1);
const CLOSE_CHECKS_MAX: u32 = 1_000;

/// A listening socket that can go away and come back.
#[derive(Debug)]
pub(super) struct Port {
    address: SocketAddr,
    listener: Option<TcpListener>,
    lines: Lines,
    wanted: watch::Receiver<bool>,
    actual: watch::Sender<bool>,
}

impl Port {
    /// Binds the address; `wanted` is true to take it down, `actual` while it is down.
    pub(super) fn bind(
        address: SocketAddr,
        lines: Lines,
        wanted: watch::Receiver<bool>,
        actual: watch::Sender<bool>,
    ) -> io::Result<Self> {
        let listener = bind(address)?.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        Ok(Self { address, listener: Some(listener), lines, wanted, actual })
    }

    /// The address it listens on.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening until it is wanted up again. The port stays bound, so that the kernel refuses connections and gives it to nobody
    /// else: not to another server, and not to a client that is connecting to it, which would be connected to itself.
    async fn stay_down(&mut self) {
        self.listener = None;
        self.lines.cut_all().await;
        let socket = loop {
            match bind(self.address) {
                Ok(socket) => break socket,
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        };
        self.actual.send_replace(true);
        if self.wanted.wait_for(|down| !down).await.is_err() {
            // The handle is gone, so it stays down.
            std::future::pending::<()>().await;
        }
        self.listener = socket.listen(BACKLOG).ok();
    }

    async fn listener(&mut self) -> &TcpListener {
        loop {
            if self.listener.is_none() {
                match bind(self.address).and_then(|socket| socket.listen(BACKLOG)) {
                    Ok(listener) => self.listener = Some(listener),
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
            }
            if self.listener.is_some() {
                break;
            }
        }
        self.actual.send_replace(false);
        match &self.listener {
            Some(listener) => listener,
            None => std::future::pending().await,
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As std does it: connections that have just ended do not keep the port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

impl Listener for Port {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            if *self.wanted.borrow_and_update() {
                self.stay_down().await;
            }
            let mut wanted = self.wanted.clone();
            let accepted = {
                let listener = self.listener().await;
                tokio::select! {
                    accepted = listener.accept() => Some(accepted),
                    changed = wanted.changed() => {
                        if changed.is_err() {
                            std::future::pending::<()>().await;
                        }
                        None
                    }
                }
            };
            match accepted {
                Some(Ok((stream, peer))) => return (self.lines.connection(stream), peer),
                Some(Err(_)) => tokio::time::sleep(PAUSE).await,
                None => {}
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// The means to cut one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Line(Arc<Cut>);

#[derive(Debug, Default)]
struct Cut {
    done: AtomicBool,
    reader: Mutex<Option<Waker>>,
}

impl Line {
    /// From now on the connection is reset.
    pub(super) fn cut(&self) {
        self.0.done.store(true, Ordering::SeqCst);
        let reader = self.0.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = reader {
            waker.wake();
        }
    }

    fn wake_on_cut(&self, waker: &Waker) {
        *self.0.reader.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker.clone());
    }
}

impl Connected<IncomingStream<'_, Port>> for Line {
    fn connect_info(stream: IncomingStream<'_, Port>) -> Self {
        stream.io().line.clone()
    }
}

/// The lines of all connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines(Arc<Mutex<Vec<Weak<Cut>>>>);

impl Lines {
    /// Cuts every connection and waits until they are closed, or [`CLOSE_CHECKS_MAX`] is reached: a fault's delay
    /// may keep one open.
    pub(super) async fn cut_all(&self) {
        let lines = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for line in lines.iter().filter_map(Weak::upgrade) {
            Line(line).cut();
        }
        // hyper notices on tasks of its own; a client that keeps connections must not find one that still looks good.
        for _ in 0..CLOSE_CHECKS_MAX {
            if lines.iter().all(|line| line.strong_count() == 0) {
                return;
            }
            tokio::time::sleep(CLOSE_CHECK_EVERY).await;
        }
    }

    fn connection(&self, stream: TcpStream) -> Connection {
        let line = Line::default();
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.retain(|line| line.strong_count() > 0);
        lines.push(Arc::downgrade(&line.0));
        Connection { stream, line }
    }
}

/// A connection that fails once its line is cut.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    line: Line,
}

impl Connection {
    fn check(&self) -> io::Result<()> {
        if !self.line.0.done.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.stream.set_zero_linger()?;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // Before the check: a cut after it finds the waker.
        this.line.wake_on_cut(cx.waker());
        this.check()?;
        Pin::new(&mut this.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.check()?;
        Pin::new(&mut this.stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check()?;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check()?;
        Pin::new(&mut this.stream).poll_shutdown(cx)
    }
}
