//! Which line of its file a script has run.

use std::sync::Arc;

use oxc_sourcemap::SourceMap;

/// The name of each script in stack traces, which scripts can read: that of its file may differ from one instance to another.
pub(super) const MODULE: &str = "script";

/// The lines of a script, by the places in the JavaScript that is made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(Arc<[((u32, u32), u32)]>);

impl Places {
    /// From a source map, whose numbers begin with 0.
    pub(super) fn of(map: &SourceMap<'_>) -> Self {
        let place = |token: oxc_sourcemap::Token| ((token.get_dst_line(), token.get_dst_col()), token.get_src_line());
        let mut places: Vec<_> = map.get_tokens().map(place).collect();
        places.sort_unstable();
        Self(places.into())
    }

    /// The line of the innermost call of the script in a stack trace (`at f (script:3:5)`), from 1 on.
    pub(super) fn line(&self, stack: &str) -> Option<u32> {
        let mark = format!("({MODULE}:");
        let frame = stack.lines().find_map(|line| line.split_once(&mark).map(|(_, rest)| rest))?;
        let mut numbers = frame.split(|it: char| !it.is_ascii_digit()).map(str::parse::<u32>);
        let at =
            (numbers.next()?.ok()?.checked_sub(1)?, numbers.next().and_then(Result::ok).unwrap_or(1).saturating_sub(1));
        let after = self.0.partition_point(|(place, _)| *place <= at);
        let ((line, _), source) = self.0.get(after.checked_sub(1)?)?;
        (*line == at.0).then_some(source + 1)
    }
}
