//! The response to a `Fetch` of version 13 or newer: just enough to make one partition of it fail.
//!
//! The format: <https://kafka.apache.org/protocol#The_Messages_Fetch>. Numbers are big-endian, lengths of arrays and byte strings are
//! unsigned varints of one more than they are, and each structure ends with tagged fields.

/// The uuid of a topic.
pub(super) type TopicId = [u8; 16];

/// `UNKNOWN_SERVER_ERROR`.
const ERROR: [u8; 2] = (-1_i16).to_be_bytes();

/// The id after a topic's name in a response to `Metadata` of version 10 or newer.
pub(super) fn topic_id(answer: &[u8], topic: &str) -> Option<TopicId> {
    let length = u8::try_from(topic.len() + 1).ok().filter(|length| *length < 128).expect("a short name");
    let name = [&[length], topic.as_bytes()].concat();
    let at = answer.windows(name.len()).position(|window| window == name)? + name.len();
    answer.get(at..at + 16)?.try_into().ok()
}

/// Replaces the records of a partition in the response by an error; false if it has none.
pub(super) fn fail(answer: &mut [u8], topic: TopicId, partition: i32) -> bool {
    let mut at = Cursor { bytes: answer, at: 4 };
    at.tags();
    at.skip(4 + 2 + 4); // throttle time, error, session
    let mut places = Vec::new();
    for _ in 0..at.length() {
        let id = at.take(16).to_vec();
        for _ in 0..at.length() {
            let index = i32::from_be_bytes(at.take(4).try_into().expect("four bytes"));
            let error = at.at;
            at.skip(2 + 8 + 8 + 8); // error, high watermark, last stable offset, log start
            for _ in 0..at.length() {
                at.skip(8 + 8); // an aborted transaction
                at.tags();
            }
            at.skip(4); // preferred replica
            let records = at.length();
            at.skip(records);
            at.tags();
            if id == topic && index == partition && records > 0 {
                places.push(error);
            }
        }
        at.tags();
    }
    for place in &places {
        answer[*place..*place + 2].copy_from_slice(&ERROR);
    }
    !places.is_empty()
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn take(&mut self, count: usize) -> &[u8] {
        self.at += count;
        &self.bytes[self.at - count..self.at]
    }

    fn skip(&mut self, count: usize) {
        self.take(count);
    }

    fn varint(&mut self) -> usize {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = usize::from(self.take(1)[0]);
            value |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return value;
            }
            shift += 7;
        }
    }

    /// The length of an array or of bytes; null has length 0.
    fn length(&mut self) -> usize {
        self.varint().saturating_sub(1)
    }

    fn tags(&mut self) {
        for _ in 0..self.varint() {
            self.varint();
            let size = self.varint();
            self.skip(size);
        }
    }
}
