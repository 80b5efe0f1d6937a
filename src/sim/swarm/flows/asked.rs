//! The oracle of one step of a flow: the ids and the number of its attempts.

/// What is known of a step.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not exclude each other")]
pub(super) struct Asked {
    /// The number of its latest attempt that was sent.
    pub(super) number: u32,
    /// How often it was sent.
    pub(super) times: u32,
    /// The tries since it has begun anew.
    pub(super) tries: u32,
    /// The accepted answers without an id: each may have been taken before its step began, which is an attempt too.
    pub(super) free: u32,
    /// True if its latest attempt is done.
    pub(super) is_done: bool,
    /// True if the latest attempt has failed.
    pub(super) has_failed: bool,
    /// True if it may begin anew: by a command, a time, a refusal.
    pub(super) may_begin_anew: bool,
    /// True if its first answer came before it could begin.
    pub(super) came_before: bool,
}

impl Asked {
    /// Its record is sent, with an id that has to be that of its next attempt; of `tries_max` tries. Returns what is wrong.
    pub(super) fn sent(&mut self, tries_max: u32, sent: &str, id: impl Fn(u32) -> String) -> Vec<&'static str> {
        let next = self.number + 1;
        let found = (1..=next + self.free).find(|number| id(*number) == sent);
        let mut problems = Vec::new();
        match found {
            None => problems.push("has an id that is none of its next attempt's"),
            Some(number) if number < next => problems.push("sends the id of a former attempt again"),
            Some(number) => {
                self.free -= number - next;
                self.number = number;
            }
        }
        if self.came_before && found == Some(1) {
            problems.push("begins, although its answer had come before");
        }
        if self.times > 0 && !self.has_failed && !self.may_begin_anew {
            problems.push("begins again without a reason");
        }
        self.tries = if self.times > 0 && !self.may_begin_anew { self.tries + 1 } else { 1 };
        if self.tries > tries_max {
            problems.push("has more tries than it may have");
        }
        self.times += 1;
        (self.has_failed, self.may_begin_anew, self.is_done) = (false, false, false);
        problems
    }
}
