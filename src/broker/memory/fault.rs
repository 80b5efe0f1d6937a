//! Faults: which call of which client fails how, by script, by chance with a seed, or by a hook.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// What a client asks of the cluster.
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
    /// Everything of `Admin`, and `Consumer::partitions`.
    Admin,
}

impl Operation {
    /// Its name in error messages.
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

    /// True for calls that librdkafka repeats by itself until their time-out, so that an unreachable broker shows as
    /// one.
    pub(super) const fn is_repeated(self) -> bool {
        match self {
            Self::Init | Self::Drain | Self::SendOffsets | Self::Commit | Self::Abort => true,
            Self::Begin | Self::Produce | Self::Committed | Self::Poll | Self::Fetch | Self::Admin => false,
        }
    }
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The request was lost: `TimedOut`, and nothing happened.
    TimeoutBefore,
    /// The answer was lost: `TimedOut`, and it was executed.
    TimeoutAfter,
    /// The answer of a commit or an abort was lost after the decision and before its markers: `TimedOut`, and the
    /// transaction ends as decided when the coordinator gets round to it. Other calls: as [`Self::TimeoutAfter`].
    TimeoutPrepared,
    /// A commit or an abort is answered, and its markers follow when the coordinator gets round to it. Other calls: no
    /// fault.
    LateMarkers,
    /// The same, but the offsets become stable at once: the partitions of a transaction end one by one.
    ScatteredMarkers,
    /// `Transient`, and nothing happened.
    Transient,
    /// As if no broker could be reached.
    Unreachable,
    /// The process vanishes before the call.
    CrashBefore,
    /// The process vanishes after the call was executed and before it returned.
    CrashAfter,
}

/// A scripted fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which calls.
    pub operation: Operation,
    /// Only calls of this process ([`MemoryBroker::process`](super::MemoryBroker::process)); `None`: of any.
    pub process: Option<String>,
    /// How they fail.
    pub kind: FaultKind,
    /// How many calls fail.
    pub times: u32,
}

/// Faults by chance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chance {
    /// Which calls.
    pub operation: Operation,
    /// How they fail.
    pub kind: FaultKind,
    /// How many of a thousand.
    pub per_mille: u32,
}

/// Looks at each call before it is executed and may make it fail: the crash points of a simulator.
pub type Hook = Arc<dyn Fn(&Call<'_>) -> Option<FaultKind> + Send + Sync>;

/// A call that is about to be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    /// What.
    pub operation: Operation,
    /// Whose.
    pub process: &'a str,
    /// The how manieth call of this cluster, from 0; the same schedule gives the same numbers.
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

    /// Whether and how this call fails. The script comes first, then the hook, then chance.
    pub(super) fn judge(&mut self, operation: Operation, process: &str) -> Option<FaultKind> {
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
