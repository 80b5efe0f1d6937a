//! Tells the crate which compiler it is compiled with, for the metric `sheaf_build_info`: no variable of Cargo does.

#![expect(clippy::disallowed_methods, reason = "Cargo talks to a build script by its environment")]

use std::process::Command;

fn main() {
    // `rustc 1.95.0 (59807616e 2026-04-14)`
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let answer = Command::new(rustc).arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    let answer = String::from_utf8_lossy(&answer);
    // Without the prefix SHEAF_: cargo sets it for tests too, and sheaf refuses variables that are no settings.
    println!("cargo:rustc-env=BUILD_RUSTC_VERSION={}", answer.split(' ').nth(1).unwrap_or("unknown"));
    // Cargo runs it again after a change of the compiler without being told.
    println!("cargo:rerun-if-changed=build.rs");
}
