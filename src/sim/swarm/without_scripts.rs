//! A build without scripts has no runs of their threads.

use super::run::Run;

impl Run {
    #[expect(clippy::unused_self, reason = "as in a build with scripts")]
    pub(super) fn begin_threads(&mut self) {}

    #[expect(clippy::unused_self, reason = "as in a build with scripts")]
    pub(super) fn count_threads(&self) -> usize {
        0
    }

    #[expect(clippy::unused_self, reason = "as in a build with scripts")]
    pub(super) fn has_thread_events(&self) -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "as in a build with scripts")]
    pub(super) fn step_threads(&mut self) -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "as in a build with scripts")]
    pub(super) fn check_threads(&self) -> Option<Vec<String>> {
        None
    }
}
