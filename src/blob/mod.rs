//! The blob port: templates by name, from files or an object store.
