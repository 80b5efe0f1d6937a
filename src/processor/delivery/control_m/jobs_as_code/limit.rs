//! The limits of names and lists.

/// The longest name of a folder, a job or a service, in characters.
pub const NAME_CHARS_MAX: usize = 64;
/// The most events in one list.
pub const EVENTS_MAX: usize = 99;
