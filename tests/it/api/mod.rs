//! The HTTP API of a real process, asked by the command line, and judged by schemathesis.

mod command;
mod doctor;
mod process;
mod reload;
mod schemathesis;
mod tls;
mod watch;
