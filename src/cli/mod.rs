//! The command line: the only module that prints and that ends the process.
//!
//! | file | what it is |
//! |---|---|
//! | `command` | the commands, one file or folder each |
//! | `load` | reads the configuration and the topology file |
//! | `service` | tells systemd how the service is |
//! | `signal` | SIGTERM and SIGINT |
//! | `fault` | kills the process at a fault point, for tests |
//! | `exit` | failures and their exit codes |
//! | `log` | the log on standard error |
//! | `output` | lines on standard output and standard error; lists as tables, JSON, YAML and CSV |
//! | `progress` | bars on a terminal, lines elsewhere |
//! | `remote` | asks a running instance |

mod command;
mod exit;
mod fault;
mod load;
mod log;
mod output;
mod progress;
mod remote;
mod service;
mod signal;

use std::process::ExitCode;

use exit::Failure;

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    command::main().unwrap_or_else(Failure::report)
}
