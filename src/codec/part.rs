//! Parts: pieces of a state that are stored beside the entry and written once.
//!
//! An entry is rewritten with every change, so a state that grows by one member at a time would cost bytes quadratic in the
//! number of members. Such members are stored as numbered parts instead, and the entry has the range of their numbers
//! ([`Head::parts`](super::Head::parts)).
//!
//! ```text
//! value, in the store and in the changelog: | format u8 = 129 | version of the state u16 BE | writer: 3 u8 | bytes |
//! key, in the changelog:                    | 00 "sheaf-part" | number u32 BE | key of the entry |
//! ```
//!
//! The envelope is that of an entry, with a format that no entry has, so that a sheaf without support for parts refuses it and
//! names the version to run.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::Error;
use super::envelope::{Envelope, Writer};
use crate::model::Key;

/// The format that this build writes and reads.
const FORMAT: u8 = 129;
/// The prefix of a part's key in the changelog; no key of an entry starts with a zero byte.
const KEY_PREFIX: &[u8] = b"\0sheaf-part";

/// A decoded part of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The version of the state.
    pub version: u16,
    /// The sheaf that wrote the part.
    pub writer: Writer,
    /// The content, encoded by the processor.
    pub bytes: Bytes,
}

/// Encodes the value of a part.
pub fn encode(version: u16, bytes: &[u8]) -> Bytes {
    let mut value = Vec::with_capacity(Envelope::LEN + bytes.len());
    Envelope::of(FORMAT, version).write(&mut value);
    value.extend_from_slice(bytes);
    Bytes::from(value)
}

/// Decodes the value of a part.
pub fn decode(mut value: Bytes) -> Result<Part, Error> {
    let (Envelope { version, writer, .. }, _) = Envelope::read("the part's format", (FORMAT, FORMAT), &value)?;
    let bytes = value.split_off(Envelope::LEN);
    Ok(Part { version, writer, bytes })
}

/// The changelog key of an entry's part.
pub fn key(entry: &Key, number: u32) -> Key {
    let mut key = BytesMut::with_capacity(KEY_PREFIX.len() + 4 + entry.as_bytes().len());
    key.put_slice(KEY_PREFIX);
    key.put_u32(number);
    key.put_slice(entry.as_bytes());
    Key::from_bytes(key.freeze())
}

/// The entry's key and the part's number from a changelog key; `None` if it is not the key of a part.
pub fn of_key(key: &[u8]) -> Option<(Key, u32)> {
    let rest = key.strip_prefix(KEY_PREFIX)?;
    let (number, entry) = rest.split_first_chunk()?;
    Some((Key::from_slice(entry), u32::from_be_bytes(*number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_decodes_with_its_version() {
        let value = encode(2, b"member");
        assert_eq!((value[..3].to_vec(), value[6..].to_vec()), (vec![129, 0, 2], b"member".to_vec()));
        let part = decode(value).unwrap();
        assert_eq!((part.version, &part.bytes[..]), (2, &b"member"[..]));
        assert_eq!(part.writer.to_string(), env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn a_key_of_a_part_decodes_and_a_key_of_an_entry_does_not() {
        for text in ["", "0d3c5b0e", "0d3c5b0e-57c4-5f0b-9a54-2c9f1d6e8b37", &"x".repeat(300)] {
            let entry = Key::new(text);
            assert_eq!(of_key(key(&entry, 7).as_bytes()), Some((entry.clone(), 7)));
            assert_eq!(of_key(entry.as_bytes()), None);
        }
        assert_eq!(of_key(b"\0sheaf-genesis"), None);
    }

    #[test]
    fn a_value_of_another_format_names_the_sheaf_that_wrote_it() {
        let error = decode(Bytes::from_static(&[130, 0, 1, 9, 8, 7])).unwrap_err();
        assert!(error.to_string().ends_with("run sheaf 9.8.7 or newer"), "{error}");
        assert!(matches!(decode(Bytes::from_static(&[129, 0])), Err(Error::Corrupt(_))));
    }

    #[test]
    fn a_part_is_refused_as_an_entry() {
        let error = super::super::entry::decode(&encode(1, b"member")).unwrap_err();
        assert!(matches!(error, Error::UnknownVersion { found: 129, .. }), "{error}");
    }
}
