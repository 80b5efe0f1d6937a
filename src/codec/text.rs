//! Text files as editors write them: UTF-8, with or without a byte order mark.

/// The byte order mark of UTF-8, which editors of Windows write.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// A file that is not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is UTF-16.
    #[error("the file is UTF-16: save it as UTF-8, or run `iconv -f UTF-16{order} -t UTF-8`")]
    Utf16 {
        /// `LE`, `BE`, or empty if a byte order mark tells.
        order: &'static str,
    },
    /// A byte is none of UTF-8; text in one byte per character reads so.
    #[error(
        "line {line}: the byte 0x{byte:02X} is not UTF-8, it may be Latin-1: save the file as UTF-8, or run `iconv -f ISO-8859-1 -t UTF-8`"
    )]
    NotUtf8 {
        /// The line, from 1.
        line: usize,
        /// The first such byte.
        byte: u8,
    },
}

/// The text of a file, without its byte order mark.
pub fn decode(bytes: &[u8]) -> Result<&str, Error> {
    let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
    match bytes {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => return Err(Error::Utf16 { order: "" }),
        [first, 0, ..] if *first != 0 => return Err(Error::Utf16 { order: "LE" }),
        [0, second, ..] if *second != 0 => return Err(Error::Utf16 { order: "BE" }),
        _ => {}
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        let line = valid.split(|byte| *byte == b'\n').count();
        Error::NotUtf8 { line, byte: rest.first().copied().unwrap_or_default() }
    })
}

#[cfg(test)]
mod tests {
    use super::{Error, decode};

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        assert_eq!(decode(b"\xEF\xBB\xBFname: a"), Ok("name: a"));
        assert_eq!(decode("é".as_bytes()), Ok("é"));
        assert_eq!(decode(b""), Ok(""));
    }

    #[test]
    fn other_encodings_are_named() {
        assert_eq!(decode(b"\xFF\xFEn\0"), Err(Error::Utf16 { order: "" }));
        assert_eq!(decode(b"n\0a\0"), Err(Error::Utf16 { order: "LE" }));
        assert_eq!(decode(b"\0n\0a"), Err(Error::Utf16 { order: "BE" }));
        assert_eq!(decode(b"{\n\"caf\xE9\"}"), Err(Error::NotUtf8 { line: 2, byte: 0xE9 }));
    }
}
