//! The store port in memory.
