//! Drives a runtime with a seed, over the memory broker and a manual clock.
