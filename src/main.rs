//! The `sheaf` binary.

use std::process::ExitCode;

/// An event is some dozens of small allocations, which live as long as their transaction.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    sheaf::cli::main()
}
