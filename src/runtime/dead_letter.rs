//! Dead letters: the original bytes of a rejected input, with the reason and the source.
//!
//! The headers have the shape of Kafka Streams' own dead-letter queue (KIP-1034), under `__sheaf.errors.`.

use std::sync::Arc;

use bytes::Bytes;

use super::settings::RECORD_OVERHEAD;
use crate::metric;
use crate::model::{Headers, Key, OutRecord, Record, Reject, Timestamp, Topic};
use crate::processor::dead_letter::header;

/// The stage at which an input was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The keying step.
    Decode,
    /// A step of this processor.
    Process(Arc<str>),
}

impl Stage {
    /// The value of the metric's label and of the header.
    pub(super) const fn label(&self) -> metric::Stage {
        match self {
            Self::Decode => metric::Stage::Decode,
            Self::Process(_) => metric::Stage::Process,
        }
    }
}

/// The largest limit of the key and of the headers of a dead letter in bytes, and four times that of the reason in
/// characters. A source may allow larger records than sheaf's own topics, and no record may stop a partition.
const PART_MAX: usize = 1 << 20;
/// The part of a record's limit that each of the three may have.
const PART: usize = 10;

/// The headers of a record without sheaf's own, and the rounds that these tell of.
fn without_own(headers: &Headers) -> (Headers, u64) {
    // Headers of sheaf 0.1.0 had no count, and piled up.
    let reasons = headers.iter().filter(|it| it.name == header::REASON).count();
    let counted = headers.text(header::ROUNDS).and_then(|rounds| rounds.parse().ok()).unwrap_or(0);
    let others = headers.iter().filter(|it| !it.name.starts_with(header::PREFIX)).cloned().collect();
    (others, u64::try_from(reasons).unwrap_or(0).max(counted))
}

/// The dead letter of a source record. A value that is too large for the topic is truncated, with the original length
/// in a header; a key or headers beyond [`PART_MAX`] or a tenth of a record are left out, with a header that says so.
/// Headers of an earlier round are replaced.
pub(super) fn letter(
    (topic, record_max): (&Topic, usize),
    record: &Record,
    stage: &Stage,
    reject: &Reject,
    now: Timestamp,
) -> OutRecord {
    let part_max = PART_MAX.min(record_max / PART);
    let (mut headers, rounds) = without_own(&record.headers);
    if headers.size() > part_max {
        headers = Headers::new().with(header::HEADERS_LEFT_OUT, headers.size().to_string());
    }
    let mut key = record.key.clone();
    if let Some(length) = key.as_ref().map(Bytes::len).filter(|length| *length > part_max) {
        headers = headers.with(header::KEY_LEFT_OUT, length.to_string());
        key = None;
    }
    let detail: String = reject.detail.chars().take(part_max / 4).collect();
    let mut value = record.value.clone();
    let room = record_max.saturating_sub(key.as_ref().map_or(0, Bytes::len) + headers.size() + RECORD_OVERHEAD);
    let room = room.saturating_sub(detail.len() + 1024);
    if value.as_ref().is_some_and(|value| value.len() > room) {
        let length = value.as_ref().map_or(0, Bytes::len);
        value = value.map(|value| value.slice(..room));
        headers = headers.with(header::TRUNCATED_FROM, length.to_string());
    }
    let mut headers = headers.with(header::STAGE, stage.label().as_str().to_owned());
    if let Stage::Process(processor) = stage {
        headers = headers.with(header::PROCESSOR, processor.to_string());
    }
    let headers = headers
        .with(header::REASON, reject.reason.as_str())
        .with(header::MESSAGE, detail)
        .with(header::TOPIC, record.source.topic.as_str().to_owned())
        .with(header::PARTITION, record.source.partition.to_string())
        .with(header::OFFSET, record.offset.to_string())
        .with(header::SOURCE_TIMESTAMP, record.timestamp.as_millis().to_string())
        .with(header::TIMESTAMP, now.to_string())
        .with(header::ROUNDS, rounds.saturating_add(1).to_string());
    OutRecord { topic: topic.clone(), partition: None, key: key.map(Key::from_bytes), value, headers, timestamp: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RejectReason, TopicPartition};
    use crate::runtime::settings::RECORD_MAX as LARGEST;

    fn event(headers: Headers) -> Record {
        Record {
            source: TopicPartition::new(&Topic::new("events"), 0),
            offset: 7,
            timestamp: Timestamp::MIN,
            key: Some(Bytes::from_static(b"k")),
            value: Some(Bytes::from_static(b"{")),
            headers,
        }
    }

    #[test]
    fn a_dead_letter_that_is_written_back_replaces_its_headers_and_counts_the_rounds() {
        let topic = Topic::new("dead-letters");
        let mut headers = Headers::new().with("traceparent", "00-1").with("traceparent", "00-2");
        let mut sizes = Vec::new();
        for round in 1..=9_u64 {
            let reject = Reject::new(RejectReason::Unparsable, "no JSON");
            let letter = letter((&topic, LARGEST), &event(headers), &Stage::Decode, &reject, Timestamp::MIN);
            assert_eq!(letter.headers.text(header::ROUNDS), Some(round.to_string().as_str()));
            let of_user: Vec<_> = letter.headers.iter().filter(|header| header.name == "traceparent").collect();
            assert_eq!(of_user.len(), 2, "the user's headers are kept");
            sizes.push((letter.headers.iter().count(), letter.headers.size()));
            headers = letter.headers;
        }
        assert!(sizes.iter().all(|size| *size == sizes[0]), "{sizes:?}");
    }

    #[test]
    fn headers_that_an_older_sheaf_has_piled_up_are_replaced() {
        let piled = Headers::new()
            .with(header::REASON, "unparsable")
            .with("a", "1")
            .with(header::REASON, "bad_id")
            .with(header::REASON, "bad_id");
        let reject = Reject::new(RejectReason::BadId, "blank");
        let letter = letter((&Topic::new("d"), LARGEST), &event(piled), &Stage::Decode, &reject, Timestamp::MIN);
        assert_eq!((letter.headers.text(header::ROUNDS), letter.headers.iter().count()), (Some("4"), 10));
    }

    #[test]
    fn whatever_a_record_holds_its_dead_letter_fits_its_topic() {
        let topic = Topic::new("dead-letters");
        let large = || Bytes::from(vec![b'x'; LARGEST + 1]);
        let plain = Record { value: Some(large()), ..event(Headers::new()) };
        let mut headed = plain.clone();
        headed.headers.push("h", Some(large()));
        let keyed = Record { key: Some(large()), ..headed.clone() };
        for (record, detail) in
            [(plain, "short".to_owned()), (headed, "short".to_owned()), (keyed, "y".repeat(LARGEST))]
        {
            let reject = Reject::new(RejectReason::Unparsable, detail);
            for limit in [1 << 20, 8 << 20, LARGEST] {
                let letter = letter((&topic, limit), &record, &Stage::Decode, &reject, Timestamp::MIN);
                assert!(letter.size() + RECORD_OVERHEAD <= limit, "{} bytes of {limit}", letter.size());
                assert!(letter.headers.text("__sheaf.errors.truncated_from_bytes").is_some());
                assert_eq!(letter.headers.text("__sheaf.errors.offset"), Some("7"));
            }
        }
    }
}
