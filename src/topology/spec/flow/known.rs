//! What is known when a step is read, and keys that may be absent.

use crate::codec::yaml::Item;

/// What is known when a step is read.
#[derive(Clone, Copy)]
pub(super) struct Known<'k> {
    /// The names of variables.
    pub(super) variables: &'k [&'k str],
    /// The step's name.
    pub(super) step: &'k str,
    /// True if the flow has `writes`.
    pub(super) has_writes: bool,
}

/// A key whose value could not be read; a problem tells why.
#[derive(Debug)]
pub(super) struct Unread;

/// Reads the value of a key, if it is there.
pub(super) fn read_if<'a, T>(
    item: Option<&Item<'a>>,
    read: impl FnOnce(&Item<'a>) -> Option<T>,
) -> Result<Option<T>, Unread> {
    item.map(|item| read(item).ok_or(Unread)).transpose()
}
