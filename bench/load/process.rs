//! What the compilers of Java and all processes have used, from `/proc`, and sheaf's own metrics, from `/metrics`.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::Result;
use crate::usage::{TICKS_PER_SECOND, memory_mib, times};

/// CPU time so far of Java's compiler threads, in seconds; 0 without any.
pub(crate) fn compiler_seconds(pid: u32) -> Result<f64> {
    let mut seconds = 0.0;
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread that has ended meanwhile is skipped.
        let Ok(stat) = std::fs::read_to_string(thread?.path().join("stat")) else { continue };
        let (name, used) = times(&stat)?;
        if name.ends_with("CompilerThre") {
            seconds += used;
        }
    }
    Ok(seconds)
}

/// CPU time so far of all processes of this machine, in seconds.
pub(crate) fn machine_cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().ok_or("/proc/stat is empty")?;
    let mut ticks = 0.0;
    for (place, field) in line.split_whitespace().skip(1).take(8).enumerate() {
        // The fourth and the fifth are idle time and I/O wait.
        if place != 3 && place != 4 {
            ticks += field.parse::<f64>()?;
        }
    }
    Ok(ticks / TICKS_PER_SECOND)
}

/// The highest resident memory since [`reset_peak`], in MiB.
pub(crate) fn peak_mib(pid: u32) -> Result<f64> {
    memory_mib(pid, "VmHWM")
}

/// Resets the highest resident memory; without permission it stays that of the whole run.
pub(crate) fn reset_peak(pid: u32) {
    let (Ok(()) | Err(_)) = std::fs::write(format!("/proc/{pid}/clear_refs"), "5");
}

/// sheaf's metrics of transactions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transactions {
    /// The number of committed ones.
    pub(crate) committed: f64,
    /// The total time of all, in seconds.
    pub(crate) seconds: f64,
    /// How long each took, summed; the same as `committed` while none is aborted.
    pub(crate) measured: f64,
}

impl Transactions {
    /// Reads `/metrics`.
    pub(crate) fn of(http: SocketAddr) -> Result<Self> {
        let text = get(http, "/metrics")?;
        let value = |name: &str| -> Result<f64> {
            let (name, label) = name.split_once(' ').unwrap_or((name, ""));
            let line = text.lines().find(|line| line.starts_with(name) && line.contains(label));
            let line = line.ok_or_else(|| format!("/metrics of {http} has no {name}"))?;
            Ok(line.rsplit(' ').next().unwrap_or_default().parse()?)
        };
        Ok(Self {
            committed: value("sheaf_producer_transactions_total result=\"committed\"")?,
            seconds: value("sheaf_producer_transaction_duration_seconds_sum")?,
            measured: value("sheaf_producer_transaction_duration_seconds_count")?,
        })
    }
}

/// The response of an address, with its headers.
pub(crate) fn get(http: SocketAddr, path: &str) -> Result<String> {
    let unreachable = |error| format!("sheaf does not answer at {http}: {error}");
    let mut stream = TcpStream::connect_timeout(&http, Duration::from_secs(5)).map_err(unreachable)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    // HTTP/1.0 has no chunks: the response ends with the connection.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {http}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
