//! The stores of the tasks, and the disk that they are on.

use prometheus::{IntGaugeVec, Result};

use super::registry::{Maker, gauge_value};

/// The figures of one store, or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreFigures {
    /// The size of its table files.
    pub size_bytes: u64,
    /// The memory of its memtables.
    pub memtable_bytes: u64,
    /// An estimate of what compactions have to rewrite.
    pub pending_compaction_bytes: u64,
    /// Compactions under way.
    pub running_compactions: u64,
    /// True while writes are stopped.
    pub is_write_stopped: bool,
    /// The rate to which writes are slowed down, in bytes per second; 0: they are not.
    pub delayed_write_rate: u64,
    /// Errors of flushes and compactions since it was opened.
    pub background_errors: u64,
}

impl StoreFigures {
    /// The figures of both: the sums, and of the rates the lowest that slows down.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let rates = [self.delayed_write_rate, other.delayed_write_rate];
        Self {
            size_bytes: self.size_bytes + other.size_bytes,
            memtable_bytes: self.memtable_bytes + other.memtable_bytes,
            pending_compaction_bytes: self.pending_compaction_bytes + other.pending_compaction_bytes,
            running_compactions: self.running_compactions + other.running_compactions,
            is_write_stopped: self.is_write_stopped || other.is_write_stopped,
            delayed_write_rate: rates.into_iter().filter(|rate| *rate > 0).min().unwrap_or_default(),
            background_errors: self.background_errors + other.background_errors,
        }
    }
}

/// The space of a file system in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// What a process may still write.
    pub free_bytes: u64,
    /// All of it.
    pub size_bytes: u64,
}

/// The metrics of the stores, of which each is the sum of the running tasks of a processor, or the worst of them.
#[derive(Debug)]
pub struct Store {
    size: IntGaugeVec,
    memtables: IntGaugeVec,
    pending: IntGaugeVec,
    compactions: IntGaugeVec,
    stopped: IntGaugeVec,
    delayed: IntGaugeVec,
    errors: IntGaugeVec,
    cache: IntGaugeVec,
    disk_free: IntGaugeVec,
    disk_size: IntGaugeVec,
}

impl Store {
    pub(super) fn new(maker: &Maker) -> Result<Self> {
        let by_store = |name, help| maker.gauges(name, help, &["store"]);
        let delayed = "The rate to which RocksDB slows writes down, in bytes per second; 0: it does not.";
        let disk_free = "The free space of the file system of state_dir; no series before it is measured.";
        let cache =
            "The memory of RocksDB's block cache in use, memtables included; shared by all stores of the process.";
        Ok(Self {
            size: by_store("store_size_bytes", "The size of the table files of the running tasks.")?,
            memtables: by_store("rocksdb_memtable_bytes", "The memory of RocksDB's memtables.")?,
            pending: by_store("rocksdb_pending_compaction_bytes", "An estimate of what compactions have to rewrite.")?,
            compactions: by_store("rocksdb_running_compactions", "Compactions under way.")?,
            stopped: by_store("rocksdb_write_stopped", "1 while RocksDB stops the writes of a store.")?,
            delayed: by_store("rocksdb_delayed_write_rate_bytes", delayed)?,
            errors: by_store(
                "rocksdb_background_errors",
                "Errors of RocksDB's flushes and compactions since the stores were opened.",
            )?,
            cache: maker.gauges("rocksdb_block_cache_bytes", cache, &[])?,
            disk_free: maker.gauges("state_disk_free_bytes", disk_free, &[])?,
            disk_size: maker.gauges("state_disk_size_bytes", "The size of the file system of state_dir.", &[])?,
        })
    }

    /// Declares a store of this process.
    pub(super) fn declare(&self, store: &str) {
        self.measured(store, &StoreFigures::default());
    }

    /// Sets the figures of the running tasks of a processor.
    pub fn measured(&self, store: &str, figures: &StoreFigures) {
        let set = |gauges: &IntGaugeVec, value| gauges.with_label_values(&[store]).set(gauge_value(value));
        set(&self.size, figures.size_bytes);
        set(&self.memtables, figures.memtable_bytes);
        set(&self.pending, figures.pending_compaction_bytes);
        set(&self.compactions, figures.running_compactions);
        set(&self.stopped, u64::from(figures.is_write_stopped));
        set(&self.delayed, figures.delayed_write_rate);
        set(&self.errors, figures.background_errors);
    }

    /// Sets the memory of the block cache.
    pub fn block_cache(&self, bytes: u64) {
        self.cache.with_label_values::<&str>(&[]).set(gauge_value(bytes));
    }

    /// Sets the space of the file system of the stores.
    pub fn disk(&self, disk: Disk) {
        self.disk_free.with_label_values::<&str>(&[]).set(gauge_value(disk.free_bytes));
        self.disk_size.with_label_values::<&str>(&[]).set(gauge_value(disk.size_bytes));
    }
}
