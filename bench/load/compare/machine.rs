//! The machine of a measurement: processors, memory, versions, load.

use std::process::{Command, Stdio};

use serde::Serialize;

use super::Options;
use crate::Result;

/// The machine and the versions.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    processor: String,
    processors: usize,
    memory_mib: u64,
    kernel: String,
    java: String,
    sheaf: String,
    build: String,
    kafka: String,
    /// The load average of the last minute, before the first run.
    load_before: String,
}

impl Machine {
    /// Reads it.
    pub(crate) fn read(options: &Options) -> Result<Self> {
        let cpus = std::fs::read_to_string("/proc/cpuinfo")?;
        let names: Vec<&str> = cpus.lines().filter_map(|line| line.strip_prefix("model name")).collect();
        let memory = std::fs::read_to_string("/proc/meminfo")?;
        let kib = memory.split_whitespace().nth(1).ok_or("/proc/meminfo is empty")?.parse::<u64>()?;
        let jars = std::fs::read_dir(&options.jars)?;
        let jar = jars
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .find_map(|name| Some(name.strip_prefix("kafka-streams-")?.strip_suffix(".jar")?.to_owned()));
        Ok(Self {
            processor: names.first().map_or("unknown", |name| name.trim_matches([' ', '\t', ':'])).to_owned(),
            processors: std::thread::available_parallelism()?.get(),
            memory_mib: kib / 1024,
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            java: first_line("java", "-version")?,
            sheaf: first_line(options.sheaf.as_os_str(), "--version")?,
            build: options.build.clone(),
            kafka: jar.ok_or("the peer's jars hold no Kafka Streams; build it again with bench/peer/build")?,
            load_before: load()?,
        })
    }

    /// As text.
    pub(crate) fn text(&self) -> String {
        format!(
            "{} x {}, {} MiB, Linux {}; broker and Kafka Streams {} on {}; {}, {}; load average before {}",
            self.processors,
            self.processor,
            self.memory_mib,
            self.kernel,
            self.kafka,
            self.java,
            self.sheaf,
            self.build,
            self.load_before
        )
    }
}

/// The load average of the last minute.
pub(crate) fn load() -> Result<String> {
    let all = std::fs::read_to_string("/proc/loadavg")?;
    Ok(all.split(' ').next().unwrap_or_default().to_owned())
}

fn first_line(program: impl AsRef<std::ffi::OsStr>, argument: &str) -> Result<String> {
    let output = Command::new(program).arg(argument).stdin(Stdio::null()).output()?;
    // Java prints its version on standard error.
    let said = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&said).lines().next().unwrap_or_default().to_owned())
}
