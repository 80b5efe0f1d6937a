//! The store port on RocksDB, one directory per task.
