//! Fault injection: scripted, random with a seed, or by a hook.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// An operation of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// `Producer::init`.
    Init,
    /// `Producer::begin`.
    Begin,
    /// `Producer::produce`.
    Produce,
    /// `Producer::drain`.
    Drain,
    /// `Producer::send_offsets`.
    SendOffsets,
    /// `Producer::commit`.
    Commit,
    /// `Producer::abort`.
    Abort,
    /// `Consumer::committed`.
    Committed,
    /// `Consumer::subscribe` and `Consumer::poll`.
    Poll,
    /// `Consumer::fetch` and `Reader::poll`.
    Fetch,
    /// Everything of `Admin`.
    Admin,
}

impl Operation {
    /// The name in error messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Begin => "begin",
            Self::Produce => "produce",
            Self::Drain => "drain",
            Self::SendOffsets => "send_offsets",
            Self::Commit => "commit",
            Self::Abort => "abort",
            Self::Committed => "committed",
            Self::Poll => "poll",
            Self::Fetch => "fetch",
            Self::Admin => "admin",
        }
    }

    /// True for calls that librdkafka retries until their time-out, so that an unreachable broker shows as a time-out.
    pub(super) const fn is_repeated(self) -> bool {
        match self {
            Self::Init | Self::Drain | Self::SendOffsets | Self::Commit | Self::Abort => true,
            Self::Begin | Self::Produce | Self::Committed | Self::Poll | Self::Fetch | Self::Admin => false,
        }
    }
}

/// The kind of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The request is lost: `TimedOut`, not executed.
    TimeoutBefore,
    /// The response is lost: `TimedOut`, executed.
    TimeoutAfter,
    /// The response of a commit or an abort is lost between decision and markers: `TimedOut`, and the transaction ends
    /// as decided after the marker delay. Other calls: as [`Self::TimeoutAfter`].
    TimeoutPrepared,
    /// A commit or an abort succeeds, and its markers follow after the marker delay. Other calls: no fault.
    LateMarkers,
    /// As [`Self::LateMarkers`], but the offsets become stable at once: the partitions of a transaction end one by one.
    ScatteredMarkers,
    /// `Transient`, not executed.
    Transient,
    /// No broker is reachable.
    Unreachable,
    /// The process crashes before the call.
    CrashBefore,
    /// The process crashes after the call was executed and before it returns.
    CrashAfter,
}

/// A scripted fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The operation.
    pub operation: Operation,
    /// The process ([`MemoryBroker::process`](super::MemoryBroker::process)); `None`: any.
    pub process: Option<String>,
    /// The kind of the fault.
    pub kind: FaultKind,
    /// The number of calls that fail.
    pub times: u32,
}

/// Random faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chance {
    /// The operation.
    pub operation: Operation,
    /// The kind of the fault.
    pub kind: FaultKind,
    /// The probability in thousandths.
    pub per_mille: u32,
}

/// A hook that is called before each operation and can inject a fault.
pub type Hook = Arc<dyn Fn(&Call<'_>) -> Option<FaultKind> + Send + Sync>;

/// A call before its execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    /// The operation.
    pub operation: Operation,
    /// The process.
    pub process: &'a str,
    /// The number of the call in this cluster, from 0; the same schedule gives the same numbers.
    pub number: u64,
}

/// The faults of a cluster.
pub(super) struct Faults {
    script: VecDeque<Fault>,
    chances: Vec<Chance>,
    rng: fastrand::Rng,
    hook: Option<Hook>,
    calls: u64,
    unreachable: bool,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("script", &self.script).field("chances", &self.chances).finish_non_exhaustive()
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            script: VecDeque::new(),
            chances: Vec::new(),
            rng: fastrand::Rng::with_seed(0),
            hook: None,
            calls: 0,
            unreachable: false,
        }
    }
}

impl Faults {
    pub(super) fn inject(&mut self, fault: Fault) {
        self.script.push_back(fault);
    }

    pub(super) fn by_chance(&mut self, seed: u64, chances: Vec<Chance>) {
        self.rng = fastrand::Rng::with_seed(seed);
        self.chances = chances;
    }

    pub(super) fn set_hook(&mut self, hook: Option<Hook>) {
        self.hook = hook;
    }

    pub(super) fn set_reachable(&mut self, reachable: bool) {
        self.unreachable = !reachable;
    }

    pub(super) const fn is_reachable(&self) -> bool {
        !self.unreachable
    }

    pub(super) fn clear(&mut self) {
        *self = Self { calls: self.calls, ..Self::default() };
    }

    /// The fault of a call, if any: scripted ones first, then the hook, then random ones.
    pub(super) fn next(&mut self, operation: Operation, process: &str) -> Option<FaultKind> {
        let call = Call { operation, process, number: self.calls };
        self.calls += 1;
        if self.unreachable {
            return Some(FaultKind::Unreachable);
        }
        self.scripted(&call)
            .or_else(|| self.hook.as_ref().and_then(|hook| hook(&call)))
            .or_else(|| self.chance(operation))
    }

    fn scripted(&mut self, call: &Call<'_>) -> Option<FaultKind> {
        let fits = |fault: &Fault| {
            fault.operation == call.operation && fault.process.as_deref().is_none_or(|process| process == call.process)
        };
        let at = self.script.iter().position(fits)?;
        let fault = self.script.get_mut(at)?;
        let kind = fault.kind;
        fault.times = fault.times.saturating_sub(1);
        if fault.times == 0 {
            self.script.remove(at);
        }
        Some(kind)
    }

    fn chance(&mut self, operation: Operation) -> Option<FaultKind> {
        let Self { chances, rng, .. } = self;
        let mut of_operation = chances.iter().filter(|chance| chance.operation == operation);
        of_operation.find(|chance| rng.u32(0..1000) < chance.per_mille).map(|chance| chance.kind)
    }
}
