//! What a realm takes, by its limits.

use std::cell::Cell;

use super::failure::Failure;
use super::limits::Limits;

/// How many jumps and calls the engine makes from one interruption to the next (`JS_INTERRUPT_COUNTER_INIT` of `QuickJS`).
const PER_INTERRUPTION: u32 = 10_000;

/// What a realm has taken. What is over a limit stays so, whatever the script does then: it cannot catch it.
#[derive(Debug)]
pub(super) struct Usage {
    limits: Limits,
    /// The bytes that the engine has asked for and not given back.
    bytes: Cell<usize>,
    /// The interruptions of this step, and of all steps.
    interruptions: Cell<(u32, u32)>,
    /// What was charged and is no interruption yet.
    rest: Cell<u32>,
    is_out_of_memory: Cell<bool>,
    is_too_deep: Cell<bool>,
}

impl Usage {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            bytes: Cell::new(0),
            interruptions: Cell::new((0, 0)),
            rest: Cell::new(0),
            is_out_of_memory: Cell::new(false),
            is_too_deep: Cell::new(false),
        }
    }

    /// The bytes that are taken.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.get()
    }

    /// Takes memory, if there is so much left.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let after = self.bytes.get().saturating_add(bytes);
        if after > self.limits.memory {
            self.is_out_of_memory.set(true);
            return false;
        }
        self.bytes.set(after);
        true
    }

    /// Gives memory back.
    pub(super) fn give_back(&self, bytes: usize) {
        self.bytes.set(self.bytes.get().saturating_sub(bytes));
    }

    /// A step begins.
    pub(super) fn begin(&self) {
        self.interruptions.set((0, self.interruptions.get().1));
    }

    /// Counts an interruption; true if the script is to be stopped.
    pub(super) fn interrupted(&self) -> bool {
        let (step, all) = self.interruptions.get();
        self.interruptions.set((step.saturating_add(1), all.saturating_add(1)));
        self.check().is_err()
    }

    /// Counts work of the engine that it is not interrupted in, in jumps and calls; true if that is too much.
    pub(super) fn charged(&self, work: u32) -> bool {
        let work = self.rest.get().saturating_add(work);
        self.rest.set(work % PER_INTERRUPTION);
        let (step, all) = self.interruptions.get();
        let more = work / PER_INTERRUPTION;
        self.interruptions.set((step.saturating_add(more), all.saturating_add(more)));
        self.check().is_err()
    }

    /// The stack of the engine has overflowed.
    pub(super) fn too_deep(&self) {
        self.is_too_deep.set(true);
    }

    /// Whether a limit is passed.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let (step, all) = self.interruptions.get();
        if self.is_out_of_memory.get() {
            Err(Failure::OutOfMemory(self.limits.memory))
        } else if self.is_too_deep.get() {
            Err(Failure::TooDeep)
        } else if step > self.limits.interruptions {
            Err(Failure::TooLong(self.limits.interruptions))
        } else if all > self.limits.interruptions_of_all {
            Err(Failure::TooLongInAll(self.limits.interruptions_of_all))
        } else {
            Ok(())
        }
    }
}
