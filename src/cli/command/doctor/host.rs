//! Versions, the disk of the state directory, and the port of the HTTP server.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use super::finding::Finding;
use crate::app;
use crate::config::Config;

/// The least free space that is no warning, in bytes.
const FREE_MIN: u64 = 1 << 30;

pub(super) fn versions() -> Finding {
    let build = app::build();
    let (sheaf, kafka, rocksdb) = (build.version, build.librdkafka, build.rocksdb);
    Finding::ok("versions", format!("sheaf {sheaf}, librdkafka {kafka}, RocksDB {rocksdb}, rustc {}", build.rustc))
}

/// The state directory can be written, and has space.
pub(super) fn disk(config: &Config, findings: &mut Vec<Finding>) {
    let check = "state directory";
    let path = &config.state_dir;
    // What does not exist is made by an instance, below a directory that exists.
    let existing = existing(path);
    let probe = existing.join(format!(".sheaf-doctor-{}", std::process::id()));
    if let Err(error) = std::fs::File::create_new(&probe).and_then(|_file| std::fs::remove_file(&probe)) {
        let detail = format!("{} cannot be written: {error}", existing.display());
        return findings.push(Finding::fail(
            check,
            detail,
            "give it to the user of the instance, or set state_dir to another one",
        ));
    }
    let space = match rustix::fs::statvfs(&existing) {
        Ok(space) => space,
        Err(error) => {
            let detail = format!("the free space of {} is not known: {error}", existing.display());
            return findings.push(Finding::warning(check, detail, "use a local disk"));
        }
    };
    let bytes = |blocks: u64| blocks.saturating_mul(space.f_frsize);
    let (free, total) = (bytes(space.f_bavail), bytes(space.f_blocks));
    let detail = format!("{}: {} MiB free of {} MiB", path.display(), free >> 20, total >> 20);
    findings.push(if free < FREE_MIN {
        Finding::warning(check, detail, "make space: with a full disk an instance stops")
    } else {
        Finding::ok(check, detail)
    });
}

/// The directory, or the nearest one above it that exists.
fn existing(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_error| path.to_owned());
    let found = absolute.ancestors().find(|above| above.is_dir());
    found.map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// The port is free, or an instance has it.
pub(super) fn port(config: &Config, findings: &mut Vec<Finding>) {
    let bind = config.http.bind;
    findings.push(match TcpListener::bind(bind) {
        Ok(_) => Finding::ok("http.bind", format!("{bind} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Finding::warning(
            "http.bind",
            format!("{bind} is in use"),
            "if no instance runs here: choose another http.bind, or port 0 for any free one",
        ),
        Err(error) => Finding::fail("http.bind", format!("{bind}: {error}"), "choose an address of this machine"),
    });
}
