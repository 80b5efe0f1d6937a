//! The body of a request that is not repeated, which is held back after its expiry.
//!
//! After a check before the request starts, the connection's set-up, or a stop of the process, could still delay the
//! first byte. The HTTP client requests the bytes of a body only when the connection is established and it is about to
//! write, so this is the last moment at which sending can be prevented. By then the server may have received headers
//! without a body, which is not a complete request.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::model::Clock;

/// A body with an expiry.
#[derive(Debug)]
pub(in crate::sink) struct Permitted {
    bytes: Option<Bytes>,
    clock: Arc<dyn Clock>,
    expires_at: Duration,
    refused: Refused,
}

/// Tells, after a failed request, if the expiry was the cause.
#[derive(Clone, Debug, Default)]
pub(in crate::sink) struct Refused(Arc<AtomicBool>);

impl Refused {
    /// True if the body was held back, so that nothing was submitted.
    pub(in crate::sink) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Permitted {
    /// A body that can be sent before `expires_at` on the clock's uptime.
    pub(in crate::sink) fn new(body: String, clock: Arc<dyn Clock>, expires_at: Duration) -> (Self, Refused) {
        let refused = Refused::default();
        (Self { bytes: Some(Bytes::from(body)), clock, expires_at, refused: refused.clone() }, refused)
    }
}

/// The error of a body that has expired before the connection was ready.
#[derive(Clone, Copy, Debug)]
pub(in crate::sink) struct Expired;

impl fmt::Display for Expired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the attempt has expired")
    }
}

impl std::error::Error for Expired {}

impl Body for Permitted {
    type Data = Bytes;
    type Error = Expired;

    fn poll_frame(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Expired>>> {
        if self.bytes.is_some() && self.clock.uptime() >= self.expires_at {
            self.bytes = None;
            self.refused.0.store(true, Ordering::Release);
            return Poll::Ready(Some(Err(Expired)));
        }
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    /// Exact, so that the request has a length and a truncated body is detected.
    fn size_hint(&self) -> SizeHint {
        let length = self.bytes.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::task::Waker;

    use super::*;
    use crate::model::Timestamp;

    #[derive(Debug, Default)]
    struct Seconds(AtomicU64);

    impl Clock for Seconds {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0)
        }

        fn uptime(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::Acquire))
        }
    }

    fn poll(body: &mut Permitted) -> Option<Result<Bytes, ()>> {
        match Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(frame) => {
                frame.map(|frame| frame.map(|frame| frame.into_data().unwrap()).map_err(|Expired| ()))
            }
            Poll::Pending => panic!("the body is in memory"),
        }
    }

    #[test]
    fn a_body_is_given_out_once_while_it_may_be_sent() {
        let (mut body, refused) =
            Permitted::new("jobs".to_owned(), Arc::new(Seconds::default()), Duration::from_secs(5));
        assert_eq!(body.size_hint().exact(), Some(4));
        assert_eq!(poll(&mut body), Some(Ok(Bytes::from("jobs"))));
        assert_eq!(poll(&mut body), None);
        assert!(!refused.is_set());
    }

    #[test]
    fn a_body_is_kept_back_when_its_time_ran_out_while_the_connection_was_made() {
        let clock = Arc::new(Seconds::default());
        let (mut body, refused) = Permitted::new("jobs".to_owned(), clock.clone(), Duration::from_secs(5));
        clock.0.store(5, Ordering::Release);
        assert_eq!(poll(&mut body), Some(Err(())));
        assert_eq!(poll(&mut body), None);
        assert!(refused.is_set());
    }
}
