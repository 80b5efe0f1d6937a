//! A time-out on the clock that runs on while the process is stopped.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::model::Clock;

/// Polls a future until it is ready or the clock has passed `give_up_at`. The clock is checked before each poll: an HTTP client's own
/// time-out, which ends a request for which nothing is polled, does not include the sleep of the machine.
pub(in crate::sink) async fn before<F: Future>(
    clock: &dyn Clock,
    give_up_at: Duration,
    future: F,
) -> Option<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        if clock.uptime() >= give_up_at {
            return Poll::Ready(None);
        }
        future.as_mut().poll(context).map(Some)
    })
    .await
}
