//! A shadow run.

use super::compare::Compared;
use super::play::Played;
use super::request::{Result, Shadow, ShadowError};
use super::window::Window;
use super::{compare, play, window};

impl Shadow<'_> {
    /// Reads, plays and compares; `progress` is told what is being done, and how much of how much.
    pub fn run(&self, progress: &mut dyn FnMut(&'static str, usize, usize)) -> Result<(Window, Played, Compared)> {
        let alone = play::alone(self.topology, self.processor)
            .ok_or_else(|| ShadowError::NoProcessor(self.processor.to_owned()))?;
        let window = window::read(self, &alone, progress)?;
        let played = play::play(alone, &window, self.until, progress)?;
        let real = window::real(self, window.share)?;
        let compared = compare::compare(&played.outputs, &real, self.from);
        Ok((window, played, compared))
    }
}
