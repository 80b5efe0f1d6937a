//! `SHEAF_FAULT_POINT`: kills the process at a named fault point, for tests of recovery.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Signal, getpid, kill_process};

use super::exit::Failure;
use super::load;
use crate::runtime::{FaultObserver, FaultPoint, NoObserver};

/// The observer that `SHEAF_FAULT_POINT` names; [`NoObserver`] if it is not set.
pub(super) fn fault_observer() -> Result<Arc<dyn FaultObserver>, Failure> {
    let Some(text) = load::fault_point() else { return Ok(Arc::new(NoObserver)) };
    let fault =
        Fault::parse(&text).map_err(|detail| Failure::Configuration(format!("error: SHEAF_FAULT_POINT: {detail}")))?;
    tracing::warn!(point = %fault.point, "SHEAF_FAULT_POINT is set: the process will be killed at this point");
    Ok(Arc::new(fault))
}

/// Kills the process when a fault point is reached for the n-th time.
struct Fault {
    point: FaultPoint,
    /// The visits left until the kill.
    visits_left: AtomicU32,
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
        let times = times.ok_or_else(|| format!("`{text}`: after the colon write a number of at least 1"))?;
        Ok(Self { point: name.parse()?, visits_left: AtomicU32::new(times) })
    }
}

impl FaultObserver for Fault {
    fn reached(&self, point: FaultPoint) {
        if point != self.point || self.visits_left.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        if let Err(error) = kill_process(getpid(), Signal::KILL) {
            tracing::error!(%error, "the process cannot be killed at the fault point");
        }
        // The signal may take effect later; until then this thread must not go on.
        loop {
            std::thread::park();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_point_and_a_number_are_parsed() {
        let fault = Fault::parse("offsets-sent:3").unwrap();
        assert_eq!((fault.point, fault.visits_left.into_inner()), (FaultPoint::OffsetsSent, 3));
        assert_eq!(Fault::parse("committed").unwrap().visits_left.into_inner(), 1);
    }

    #[test]
    fn an_unknown_fault_point_is_refused_with_a_list_of_all() {
        let error = Fault::parse("comitted").unwrap_err();
        assert!(error.contains("`comitted` is not a fault point") && error.contains("offsets-sent"), "{error}");
        assert!(Fault::parse("committed:0").unwrap_err().contains("at least 1"));
    }
}
