//! The `sheaf` binary.

use std::process::ExitCode;

/// An event makes dozens of small allocations, which are freed with their transaction.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    sheaf::cli::main()
}
