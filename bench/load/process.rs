//! The resources that a process has used, from `/proc`, and sheaf's own metrics, from `/metrics`.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::Result;

/// `/proc` counts CPU time in hundredths of a second on every Linux (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU time so far, user and system, of all threads, in seconds.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .map_err(|error| format!("process {pid} cannot be measured: {error}"))?;
    Ok(times(&stat)?.1)
}

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

/// The name and the CPU time of a process or a thread.
fn times(stat: &str) -> Result<(&str, f64)> {
    // The name is in parentheses and may have any characters; utime and stime are the 12th and 13th field after it.
    let (head, fields) = stat.rsplit_once(')').ok_or("a line of /proc/PID/stat without a name")?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || -> Result<f64> { Ok(fields.next().ok_or("a short line of /proc/PID/stat")?.parse()?) };
    let name = head.split_once('(').map_or(head, |(_, name)| name);
    Ok((name, (next()? + next()?) / TICKS_PER_SECOND))
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
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc/PID/status")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
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
