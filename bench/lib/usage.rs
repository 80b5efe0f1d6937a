//! What a process has used, from `/proc`.

use crate::Result;

/// `/proc` counts CPU time in hundredths of a second on every Linux (`USER_HZ`).
pub(crate) const TICKS_PER_SECOND: f64 = 100.0;

/// CPU time so far, user and system, of all threads, in seconds.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .map_err(|error| format!("process {pid} cannot be measured: {error}"))?;
    Ok(times(&stat)?.1)
}

/// The name and the CPU time of a process or a thread.
pub(crate) fn times(stat: &str) -> Result<(&str, f64)> {
    // The name is in parentheses and may have any characters; utime and stime are the 12th and 13th field after it.
    let (head, fields) = stat.rsplit_once(')').ok_or("a line of /proc/PID/stat without a name")?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || -> Result<f64> { Ok(fields.next().ok_or("a short line of /proc/PID/stat")?.parse()?) };
    let name = head.split_once('(').map_or(head, |(_, name)| name);
    Ok((name, (next()? + next()?) / TICKS_PER_SECOND))
}

/// A line of `/proc/PID/status` in MiB: `VmRSS` is the resident memory, `VmHWM` its highest so far.
pub(crate) fn memory_mib(pid: u32, line: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let value = status.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':'));
    let kib: f64 = value
        .ok_or_else(|| format!("no {line} in /proc/{pid}/status"))?
        .trim()
        .trim_end_matches("kB")
        .trim()
        .parse()?;
    Ok(kib / 1024.0)
}
