//! The broker port on librdkafka.
