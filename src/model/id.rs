//! Identifiers: keys, topics, partitions, tasks, instances.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer};

/// The key of an entry and of every record that sheaf writes, by which inboxes are partitioned. For a bundle it is the id in its
/// canonical text form (UTF-8).
///
/// A short key is stored inline: compared, hashed and copied without following a pointer, and no record is kept in memory for it.
#[derive(Clone, Deserialize)]
#[serde(from = "Bytes")]
pub struct Key(Repr);

/// The longest inline key, in bytes; the text of a uuid has 36.
const INLINE_MAX: usize = 38;

#[derive(Clone)]
enum Repr {
    Inline { len: u8, bytes: [u8; INLINE_MAX] },
    Shared(Bytes),
}

impl Key {
    /// A key from text.
    pub fn new(text: &str) -> Self {
        Self::from_slice(text.as_bytes())
    }

    /// A key with a copy of these bytes.
    pub fn from_slice(bytes: &[u8]) -> Self {
        Self::inline(bytes).unwrap_or_else(|| Self(Repr::Shared(Bytes::copy_from_slice(bytes))))
    }

    /// A key of these bytes, without restriction. A long key shares them, and with them keeps the record in memory that they are
    /// a slice of; [`from_slice`](Self::from_slice) copies.
    pub fn from_bytes(bytes: Bytes) -> Self {
        Self::inline(&bytes).unwrap_or(Self(Repr::Shared(bytes)))
    }

    fn inline(key: &[u8]) -> Option<Self> {
        let mut bytes = [0; INLINE_MAX];
        bytes.get_mut(..key.len())?.copy_from_slice(key);
        Some(Self(Repr::Inline { len: u8::try_from(key.len()).ok()?, bytes }))
    }

    /// The bytes as written to Kafka and to the store.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or(bytes),
            Repr::Shared(bytes) => bytes,
        }
    }

    /// The bytes, shared; those of a short key are copied.
    pub fn bytes(&self) -> Bytes {
        match &self.0 {
            Repr::Inline { .. } => Bytes::copy_from_slice(self.as_bytes()),
            Repr::Shared(bytes) => bytes.clone(),
        }
    }

    /// The key as text; bytes that are not UTF-8 become replacement characters.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.as_bytes())
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl From<Bytes> for Key {
    fn from(bytes: Bytes) -> Self {
        Self::from_bytes(bytes)
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.as_bytes())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.text())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// A topic's name, shared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(Arc<str>);

impl Topic {
    /// The longest name (`org.apache.kafka.common.internals.Topic.MAX_NAME_LENGTH`).
    pub const NAME_CHARS_MAX: usize = 249;

    /// True if a topic may have this name: Kafka's own rule (`org.apache.kafka.common.internals.Topic.validate`).
    pub fn is_legal(name: &str) -> bool {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        (1..=Self::NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(is_plain) && !matches!(name, "." | "..")
    }

    /// A topic from its name, which is not validated here; the broker does.
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One partition of a topic.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: Topic,
    /// The partition's number, from 0.
    pub partition: i32,
}

impl TopicPartition {
    /// The partition of a topic.
    pub fn new(topic: &Topic, partition: i32) -> Self {
        Self { topic: topic.clone(), partition }
    }
}

impl fmt::Debug for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

impl FromStr for TopicPartition {
    type Err = NoPartition;

    fn from_str(text: &str) -> Result<Self, NoPartition> {
        let (topic, partition) = split_partition(text)?;
        Ok(Self { topic: Topic::new(topic), partition })
    }
}

/// A text that does not end with `-` and a partition number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name does not end with `-` and a partition number")]
pub struct NoPartition;

fn split_partition(text: &str) -> Result<(&str, i32), NoPartition> {
    let (name, partition) = text.rsplit_once('-').ok_or(NoPartition)?;
    Ok((name, partition.parse().map_err(|_not_a_number| NoPartition)?))
}

/// A task: one processor on one partition of its inbox.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId {
    /// The processor's name.
    pub processor: Arc<str>,
    /// The partition of the inbox and of the changelog.
    pub partition: i32,
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for TaskId {
    /// `bundle-3`, which is also the name of the task's directory.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.processor, self.partition)
    }
}

impl FromStr for TaskId {
    type Err = NoPartition;

    /// Parses the form of [`Display`](fmt::Display).
    fn from_str(text: &str) -> Result<Self, NoPartition> {
        let (processor, partition) = split_partition(text)?;
        Ok(Self { processor: processor.into(), partition })
    }
}

/// The name of one instance (one process) of an application, stable across restarts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InstanceId(String);

impl InstanceId {
    /// An instance from its name.
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::hash::DefaultHasher;

    use super::*;

    #[test]
    fn a_key_is_its_bytes_however_many_they_are() {
        let hash = |it: &dyn Fn(&mut DefaultHasher)| {
            let mut hasher = DefaultHasher::new();
            it(&mut hasher);
            hasher.finish()
        };
        for len in [0, 1, INLINE_MAX - 1, INLINE_MAX, INLINE_MAX + 1, 300] {
            let bytes = Bytes::from(vec![0xff; len]);
            let (copied, taken) = (Key::from_slice(&bytes), Key::from_bytes(bytes.clone()));
            assert_eq!((copied.as_bytes(), copied.bytes()), (&*bytes, bytes.clone()));
            assert_eq!((&copied, copied.cmp(&taken)), (&taken, Ordering::Equal));
            assert_eq!(hash(&|hasher| copied.hash(hasher)), hash(&|hasher| bytes.hash(hasher)));
            let json = serde_json::to_string(&copied).unwrap();
            assert_eq!(json, serde_json::to_string(&bytes).unwrap());
            assert_eq!(serde_json::from_str::<Key>(&json).unwrap(), copied);
        }
        assert!(size_of::<Key>() <= 40);
    }

    #[test]
    fn a_short_key_keeps_no_record() {
        let record = Bytes::from(vec![b'x'; 1_000]);
        let key = Key::from_bytes(record.slice(..36));
        assert!(record.is_unique());
        assert_eq!(key, Key::new(&"x".repeat(36)));
    }

    #[test]
    fn keys_sort_as_their_bytes_do() {
        let long = "b".repeat(INLINE_MAX + 1);
        let mut keys = ["c", &long, "b", "", "bb"].map(Key::new);
        keys.sort();
        assert_eq!(keys, ["", "b", "bb", &long, "c"].map(Key::new));
    }
}
