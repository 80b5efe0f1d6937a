//! Mutations of the rules of flows, one at a time, which the simulator must detect. They are set by code only, and have an effect only
//! in builds with the feature `mutation`, which tests switch on
//! ([`Definition::with_mutation`](super::Definition::with_mutation)).

/// One mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutation {
    /// A step whose answer came early begins too.
    EarlyAnswerBegins,
    /// The answer of a former attempt counts.
    StaleAnswerCounts,
    /// `undo` takes back what was done first, first.
    UndoInOrder,
    /// Each try of a request has its own key, so that its receiver does not recognize a repetition.
    TryHasNewKey,
    /// A try does not count, so that a step is tried without end.
    TryNotCounted,
    /// A second answer has the next steps begin again.
    SecondAnswerSendsAgain,
    /// The timers of a flow that has ended still fire.
    EndedFlowReacts,
}

impl Mutation {
    /// The mutations that the simulator must find.
    pub const ALL: [Self; 7] = [
        Self::EarlyAnswerBegins,
        Self::StaleAnswerCounts,
        Self::UndoInOrder,
        Self::TryHasNewKey,
        Self::TryNotCounted,
        Self::SecondAnswerSendsAgain,
        Self::EndedFlowReacts,
    ];
}
