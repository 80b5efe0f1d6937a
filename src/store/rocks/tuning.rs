//! The options of `RocksDB`, measured for entries of 300 to 600 bytes with a lifetime of some hours.
//!
//! No prefix extractor is set: keys have any length, and an iterator over a prefix bloom filter may skip existing keys.

use std::sync::Arc;

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, LogLevel, Options, WriteBufferManager,
};

/// Smaller memtables are faster here: most entries are deleted before they would be compacted into a second level.
const MEMTABLE_BYTES: usize = 16 << 20;
const MEMTABLES_MAX: i32 = 3;
/// The allocation unit of a memtable. With `RocksDB`'s default (an eighth of the memtable, at most 1 MiB) a store takes
/// 4 MiB with its first batch, and a dozen stores fill the shared budget and flush with every write.
const ARENA_BLOCK_BYTES: usize = 16 << 10;
/// The output of a flush is compacted soon: only the output of compactions is compressed.
const COMPRESSION: [DBCompressionType; 2] = [DBCompressionType::None, DBCompressionType::Lz4];
/// The number of flushed memtables that are compacted into the next level at once. Until then each of them is searched,
/// behind its bloom filter; with half as many a million new entries are rewritten twice as often, and three million
/// events take a tenth more CPU time.
const FLUSHED_MAX: i32 = 16;
/// The same during a bulk restore: one compaction at the end does not slow it down.
const BULK_FLUSHED_MAX: i32 = 32;
/// The number of further flushed memtables at which writes are slowed down, and stopped.
const FLUSHED_SLOW: i32 = 16;
const FLUSHED_STOP: i32 = 32;
const BLOCK_BYTES: usize = 8 << 10;
/// Up to [`FLUSHED_MAX`] files are searched for a missing key: with 10 bits one of seven such keys costs a useless read
/// of a block.
const BLOOM_BITS_PER_KEY: f64 = 14.0;
/// The share of a memtable's size for its bloom filter: some 13 bits for an entry of 300 bytes. All of it is allocated
/// with the first entry, by every store.
const MEMTABLE_BLOOM_RATIO: f64 = 0.005;
/// The least write buffer of each open store: with less, any store that is written flushes its few rows when the common
/// budget is used up.
const STORE_WRITE_BUFFER_BYTES: usize = 1 << 20;
const BACKGROUND_THREADS: i32 = 2;
const LOG_FILES_MAX: usize = 2;
const LOG_FILE_BYTES_MAX: usize = 1 << 20;
/// A file is compacted if half of some 10,000 neighbouring keys are tombstones.
const DELETION_WINDOW: usize = 10_000;
const DELETIONS_IN_WINDOW: usize = 5_000;
const DELETION_RATIO: f64 = 0.5;

/// Otherwise each open store preallocates 68 MiB of disk for its log and its manifest, and 128 tasks 9 GiB.
pub(super) const NO_FALLOCATE: &str = "allow_fallocate=false";
/// A batch is sorted by key: each insert starts from the previous one instead of the top of the skip list. The prefix
/// is empty, which all keys share.
pub(super) const HINTED: &str = "memtable_insert_with_hint_prefix_extractor=rocksdb.CappedPrefix.0";

/// The column families of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Entry,
    Timer,
    Act,
    Part,
    Meta,
}

impl Family {
    pub(super) const ALL: [Self; 5] = [Self::Entry, Self::Timer, Self::Act, Self::Part, Self::Meta];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Timer => "timer",
            Self::Act => "act",
            Self::Part => "part",
            Self::Meta => "meta",
        }
    }
}

/// Options of an open family, for a bulk restore or for normal operation: the number of table files, flushed or
/// ingested, that are compacted at once, and the numbers at which writes are slowed down and stopped.
pub(super) fn flushed_max(for_bulk: bool) -> [(&'static str, String); 3] {
    let most = if for_bulk { BULK_FLUSHED_MAX } else { FLUSHED_MAX };
    [
        ("level0_file_num_compaction_trigger", most.to_string()),
        ("level0_slowdown_writes_trigger", (most + FLUSHED_SLOW).to_string()),
        ("level0_stop_writes_trigger", (most + FLUSHED_STOP).to_string()),
    ]
}

/// The memory of all stores of a process.
pub(super) struct Memory {
    cache: Cache,
    write_buffers: WriteBufferManager,
    block_cache_bytes: usize,
    write_buffer_bytes: usize,
    /// The count of open stores: each of them holds a clone.
    open: Arc<()>,
}

impl Memory {
    /// Memtables are charged to the cache, so that the two figures together are the memory of the stores without their
    /// filters and indexes.
    pub(super) fn new(block_cache_bytes: usize, write_buffer_bytes: usize) -> Self {
        let cache = Cache::new_lru_cache(block_cache_bytes.saturating_add(write_buffer_bytes));
        let write_buffers =
            WriteBufferManager::new_write_buffer_manager_with_cache(write_buffer_bytes, false, cache.clone());
        Self { cache, write_buffers, block_cache_bytes, write_buffer_bytes, open: Arc::new(()) }
    }

    /// Raises the limits for one more store, which holds the returned token while it is open. They are lowered when the
    /// next store is opened.
    pub(super) fn add_store(&self) -> Arc<()> {
        let token = Arc::clone(&self.open);
        let stores = Arc::strong_count(&self.open) - 1;
        let write_buffer_bytes = self.write_buffer_bytes.max(stores * STORE_WRITE_BUFFER_BYTES);
        self.write_buffers.set_buffer_size(write_buffer_bytes);
        self.cache.clone().set_capacity(self.block_cache_bytes.saturating_add(write_buffer_bytes));
        token
    }

    /// The memory of the cache in use, memtables included.
    pub(super) fn cache_bytes(&self) -> u64 {
        u64::try_from(self.cache.get_usage()).unwrap_or(u64::MAX)
    }

    /// The options of a store as a whole.
    ///
    /// `atomic_flush`: all families are flushed together, so that a family with few rows does not keep an old log from
    /// being deleted.
    pub(super) fn database(&self) -> Options {
        let mut options = with(NO_FALLOCATE);
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_atomic_flush(true);
        options.set_write_buffer_manager(&self.write_buffers);
        options.increase_parallelism(BACKGROUND_THREADS);
        options.set_log_level(LogLevel::Warn);
        options.set_keep_log_file_num(LOG_FILES_MAX);
        options.set_max_log_file_size(LOG_FILE_BYTES_MAX);
        options.set_stats_dump_period_sec(0);
        options
    }

    /// The column families with their options.
    pub(super) fn families(&self) -> Vec<ColumnFamilyDescriptor> {
        Family::ALL.map(|family| ColumnFamilyDescriptor::new(family.name(), self.family(family))).into()
    }

    /// The options of a table file that is written beside the store and ingested like a flushed one.
    pub(super) fn file(&self, family: Family) -> Options {
        let mut options = self.family(family);
        options.set_compression_per_level(&[DBCompressionType::None]);
        options
    }

    fn family(&self, family: Family) -> Options {
        let mut blocks = BlockBasedOptions::default();
        blocks.set_block_cache(&self.cache);
        blocks.set_block_size(BLOCK_BYTES);
        // Every look-up needs them. In the cache, which memtables are charged to, they would evict each other as the
        // store grows and be read again; outside they take three to four bytes per entry.
        blocks.set_cache_index_and_filter_blocks(false);
        if family == Family::Entry {
            // The first event of every bundle looks up a missing entry.
            blocks.set_bloom_filter(BLOOM_BITS_PER_KEY, false);
        }
        let mut options = with(HINTED);
        if family == Family::Entry {
            options.set_memtable_whole_key_filtering(true);
            options.set_memtable_prefix_bloom_ratio(MEMTABLE_BLOOM_RATIO);
        }
        options.set_block_based_table_factory(&blocks);
        options.set_write_buffer_size(MEMTABLE_BYTES);
        options.set_max_write_buffer_number(MEMTABLES_MAX);
        options.set_arena_block_size(ARENA_BLOCK_BYTES);
        options.set_compression_type(DBCompressionType::Lz4);
        options.set_compression_per_level(&COMPRESSION);
        options.set_level_zero_file_num_compaction_trigger(FLUSHED_MAX);
        options.set_level_zero_slowdown_writes_trigger(FLUSHED_MAX + FLUSHED_SLOW);
        options.set_level_zero_stop_writes_trigger(FLUSHED_MAX + FLUSHED_STOP);
        options.set_level_compaction_dynamic_level_bytes(true);
        options.add_compact_on_deletion_collector_factory(DELETION_WINDOW, DELETIONS_IN_WINDOW, DELETION_RATIO);
        options
    }
}

/// Options without a function in the binding, by name. `RocksDB` ignores an unknown value silently: a test reads them
/// back.
fn with(option: &str) -> Options {
    Options::default().get_options_from_string(option).unwrap_or_default()
}
