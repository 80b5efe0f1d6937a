//! Quotes an expression of a template.

use std::ops::Range;

/// The expression at `range`. The engine's range of `a.b.c` may be `.c` alone, so the path before it is included.
pub(super) fn quote<'a>(source: &'a str, range: &Range<usize>) -> Option<&'a str> {
    let before = source.get(..range.start)?;
    let path = before.trim_end_matches(|character: char| character.is_alphanumeric() || "_.[]".contains(character));
    Some(source.get(path.len()..range.end)?.trim())
}
