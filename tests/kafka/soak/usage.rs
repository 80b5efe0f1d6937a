//! Memory and disk: what the instances, their stores and the brokers use.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::e2e::deployment::Deployment;
use super::super::verifier::now_ms;
use super::instances::NAMES;

/// What is used at a time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Usage {
    at_ms: i64,
    /// The resident memory of each instance, in MiB.
    memory_mib: BTreeMap<String, u64>,
    /// The stores of all instances by processor, in KiB.
    store_kib: BTreeMap<String, u64>,
    /// The logs of all brokers by topic, in KiB.
    kafka_kib: BTreeMap<String, u64>,
}

impl Usage {
    /// Measures it.
    pub(super) fn measure(directory: &Path, deployment: &Deployment, memory_mib: Vec<(&'static str, u64)>) -> Self {
        let mut usage = Self { at_ms: now_ms(), ..Self::default() };
        usage.memory_mib = memory_mib.into_iter().map(|(name, mib)| (name.to_owned(), mib)).collect();
        for instance in NAMES {
            add(&deployment.state(instance), &mut usage.store_kib);
        }
        for node in subdirectories(&directory.join("kafka")) {
            add(&node.join("data"), &mut usage.kafka_kib);
        }
        usage
    }
}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let total = |sizes: &BTreeMap<String, u64>| sizes.values().sum::<u64>() / 1024;
        write!(f, "memory {:?} MiB, stores ", self.memory_mib)?;
        write!(f, "{} MiB, brokers {} MiB", total(&self.store_kib), total(&self.kafka_kib))
    }
}

/// Adds the sizes of the directories `NAME-PARTITION`, by their names.
fn add(directory: &Path, sizes: &mut BTreeMap<String, u64>) {
    for found in subdirectories(directory) {
        if let Some((name, _)) = partition(&found) {
            *sizes.entry(name.to_owned()).or_default() += kib(&found);
        }
    }
}

fn partition(path: &Path) -> Option<(&str, i32)> {
    let (name, number) = path.file_name()?.to_str()?.rsplit_once('-')?;
    Some((name, number.parse().ok()?))
}

fn subdirectories(path: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

/// The size of all files below it, in KiB; a file that vanishes meanwhile counts nothing.
fn kib(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else { return 0 };
    let sizes = entries.filter_map(Result::ok).map(|entry| {
        let path = entry.path();
        if path.is_dir() { kib(&path) } else { entry.metadata().map_or(0, |data| blocks_kib(&data)) }
    });
    sizes.sum()
}

/// What it takes of the disk: Kafka allocates indexes sparsely.
fn blocks_kib(data: &std::fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    data.blocks() / 2
}
