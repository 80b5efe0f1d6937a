//! Which index rows an entry has, and how they change with it.
