//! Moves records: stream threads, tasks, transactions, restores.
