//! A cluster of three brokers whose brokers and instances die, stop and move.
