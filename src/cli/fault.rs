//! `SHEAF_FAULT_POINT`: a process that kills itself at a named point between two duties, for tests of what is left then.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Signal, getpid, kill_process};

use super::exit::Failure;
use super::load;
use crate::runtime::{FaultObserver, FaultPoint, NoObserver};

/// The observer that the environment asks for; nobody, when it asks for none.
pub(super) fn fault_observer() -> Result<Arc<dyn FaultObserver>, Failure> {
    let Some(text) = load::fault_point() else { return Ok(Arc::new(NoObserver)) };
    let fault =
        Fault::parse(&text).map_err(|detail| Failure::Configuration(format!("error: SHEAF_FAULT_POINT: {detail}")))?;
    tracing::warn!(point = %fault.point, "SHEAF_FAULT_POINT is set: this process will kill itself there");
    Ok(Arc::new(fault))
}

/// Kills the process when it comes to a point for the n-th time.
struct Fault {
    point: FaultPoint,
    left: AtomicU32,
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault").field("point", &self.point).finish_non_exhaustive()
    }
}

impl Fault {
    /// `<point>` or `<point>:<n>`.
    fn parse(text: &str) -> Result<Self, String> {
        let (name, times) = text.split_once(':').unwrap_or((text, "1"));
        let times = times.parse().ok().filter(|times| *times > 0);
        let times = times.ok_or_else(|| format!("`{text}`: behind the colon belongs a number from 1 on"))?;
        Ok(Self { point: name.parse()?, left: AtomicU32::new(times) })
    }
}

impl FaultObserver for Fault {
    fn reached(&self, point: FaultPoint) {
        if point != self.point || self.left.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        if let Err(error) = kill_process(getpid(), Signal::KILL) {
            tracing::error!(%error, "the process could not kill itself");
        }
        // The signal may come to another thread first; this one is to get no further.
        loop {
            std::thread::park();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_and_a_number_are_understood() {
        let fault = Fault::parse("offsets-sent:3").unwrap();
        assert_eq!((fault.point, fault.left.into_inner()), (FaultPoint::OffsetsSent, 3));
        assert_eq!(Fault::parse("committed").unwrap().left.into_inner(), 1);
    }

    #[test]
    fn what_is_not_understood_is_told_with_all_points() {
        let error = Fault::parse("comitted").unwrap_err();
        assert!(error.contains("`comitted` is no fault point") && error.contains("offsets-sent"), "{error}");
        assert!(Fault::parse("committed:0").unwrap_err().contains("from 1 on"));
    }
}
