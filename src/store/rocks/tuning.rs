//! How `RocksDB` is set up. The figures were measured for entries of 300 to 600 bytes that live for some hours.
//!
//! No prefix extractor is set anywhere: keys have any length, and an iterator over a prefix bloom filter may pass over
//! keys that are there.

use std::sync::Arc;

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, LogLevel, Options, WriteBufferManager,
};

/// Smaller memtables are faster here: most entries are gone before they would be sorted into a second level.
const MEMTABLE_BYTES: usize = 16 << 20;
const MEMTABLES_MAX: i32 = 3;
/// A memtable takes memory in pieces of this size. With `RocksDB`'s own choice (an eighth of the memtable, at most 1 MiB)
/// a store takes 4 MiB with its first batch, and a dozen of them fill the shared budget and flush with every write.
const ARENA_BLOCK_BYTES: usize = 16 << 10;
/// What a flush writes is compacted soon: only that is compressed.
const COMPRESSION: [DBCompressionType; 2] = [DBCompressionType::None, DBCompressionType::Lz4];
/// So many flushed memtables are sorted into the next level at once. Each of them is looked into until then, behind its
/// bloom filter; with half as many a million new entries are rewritten twice as often, and three million events take a tenth
/// more CPU time.
const FLUSHED_MAX: i32 = 16;
/// The same while a changelog is loaded: what is compacted once, at the end, is not in the way before.
const LOAD_FLUSHED_MAX: i32 = 32;
/// With so many more, writes are slowed down, and stopped.
const FLUSHED_SLOW: i32 = 16;
const FLUSHED_STOP: i32 = 32;
const BLOCK_BYTES: usize = 8 << 10;
/// Up to [`FLUSHED_MAX`] files are asked for a key that is not there: with 10 bits one of seven such keys costs a block that is
/// read in vain.
const BLOOM_BITS_PER_KEY: f64 = 14.0;
/// Of a memtable's size, what its bloom filter takes: some 13 bits for an entry of 300 bytes. All of it is taken with the
/// first entry, by every store.
const MEMTABLE_BLOOM_RATIO: f64 = 0.005;
/// What each open store may have in its memtables, however many there are: when their common budget is less, whichever store
/// is written flushes what little it has.
const STORE_WRITE_BUFFER_BYTES: usize = 1 << 20;
const BACKGROUND_THREADS: i32 = 2;
const LOG_FILES_MAX: usize = 2;
const LOG_FILE_BYTES_MAX: usize = 1 << 20;
/// A file in which half of some 10,000 neighbouring keys are tombstones is compacted.
const DELETION_WINDOW: usize = 10_000;
const DELETIONS_IN_WINDOW: usize = 5_000;
const DELETION_RATIO: f64 = 0.5;

/// Else each open store has 68 MiB of the disk set apart for its log and its manifest, and 128 tasks 9 GiB.
pub(super) const NO_FALLOCATE: &str = "allow_fallocate=false";
/// A batch comes in the order of its keys: each is looked for from where the one before it went, instead of from the top of
/// the skip list. The prefix is that of no bytes, which all keys share.
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

/// Options of an open family, while a changelog is loaded or for what comes after it: how many table files, flushed or loaded,
/// are compacted at once, and from how many on writes are slowed down and stopped.
pub(super) fn flushed_max(for_loads: bool) -> [(&'static str, String); 3] {
    let most = if for_loads { LOAD_FLUSHED_MAX } else { FLUSHED_MAX };
    [
        ("level0_file_num_compaction_trigger", most.to_string()),
        ("level0_slowdown_writes_trigger", (most + FLUSHED_SLOW).to_string()),
        ("level0_stop_writes_trigger", (most + FLUSHED_STOP).to_string()),
    ]
}

/// The memory that all stores of a process share.
pub(super) struct Memory {
    cache: Cache,
    write_buffers: WriteBufferManager,
    block_cache_bytes: usize,
    write_buffer_bytes: usize,
    /// How many stores are open: one for each who holds this.
    open: Arc<()>,
}

impl Memory {
    /// Memtables count towards the cache, so that the two figures together are all that the stores take besides their filters
    /// and indexes.
    pub(super) fn new(block_cache_bytes: usize, write_buffer_bytes: usize) -> Self {
        let cache = Cache::new_lru_cache(block_cache_bytes.saturating_add(write_buffer_bytes));
        let write_buffers =
            WriteBufferManager::new_write_buffer_manager_with_cache(write_buffer_bytes, false, cache.clone());
        Self { cache, write_buffers, block_cache_bytes, write_buffer_bytes, open: Arc::new(()) }
    }

    /// Makes room for one more store, until the share is dropped. With fewer of them, the room is taken back when the next
    /// one comes.
    pub(super) fn share(&self) -> Arc<()> {
        let share = Arc::clone(&self.open);
        let stores = Arc::strong_count(&self.open) - 1;
        let write_buffer_bytes = self.write_buffer_bytes.max(stores * STORE_WRITE_BUFFER_BYTES);
        self.write_buffers.set_buffer_size(write_buffer_bytes);
        self.cache.clone().set_capacity(self.block_cache_bytes.saturating_add(write_buffer_bytes));
        share
    }

    /// The options of a store as a whole.
    ///
    /// `atomic_flush`: all families are flushed together, so that none that has few rows keeps an old log from being deleted.
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

    /// The options of a table file that is written beside the store and taken in as what a flush would have written.
    pub(super) fn file(&self, family: Family) -> Options {
        let mut options = self.family(family);
        options.set_compression_per_level(&[DBCompressionType::None]);
        options
    }

    fn family(&self, family: Family) -> Options {
        let mut blocks = BlockBasedOptions::default();
        blocks.set_block_cache(&self.cache);
        blocks.set_block_size(BLOCK_BYTES);
        // Every look-up needs them. In the cache, which memtables are charged to, they drive each other out as the store grows,
        // and are read whole again; beside it they take three to four bytes for each entry.
        blocks.set_cache_index_and_filter_blocks(false);
        if family == Family::Entry {
            // The first event of every bundle asks for an entry that is not there.
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

/// Options that have no function in the binding, by their names. `RocksDB` is silent about a value that it does not know: a test reads what it has
/// made of them.
fn with(option: &str) -> Options {
    Options::default().get_options_from_string(option).unwrap_or_default()
}
