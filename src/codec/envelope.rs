//! The envelope of an entry or a part: format, version, and the version of the sheaf that wrote it.

use std::fmt;

use super::Error;

/// A version of sheaf: major, minor, patch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Writer(pub [u8; 3]);

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// The first bytes of an entry or a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    pub(super) format: u8,
    pub(super) version: u16,
    pub(super) writer: Writer,
}

impl Envelope {
    /// The length in bytes.
    pub(super) const LEN: usize = 6;

    /// An envelope with this build as the writer.
    pub(super) const fn of(format: u8, version: u16) -> Self {
        Self { format, version, writer: THIS }
    }

    pub(super) fn write(self, out: &mut Vec<u8>) {
        out.push(self.format);
        out.extend_from_slice(&self.version.to_be_bytes());
        out.extend_from_slice(&self.writer.0);
    }

    /// Decodes an envelope with a format in this range; returns it with the remaining bytes.
    pub(super) fn read<'a>(
        what: &'static str,
        (oldest, newest): (u8, u8),
        bytes: &'a [u8],
    ) -> Result<(Self, &'a [u8]), Error> {
        let Some((&[format, high, low, major, minor, patch], rest)) = bytes.split_first_chunk::<{ Self::LEN }>() else {
            return Err(Error::Corrupt(format!("{} bytes are fewer than the envelope of {}", bytes.len(), Self::LEN)));
        };
        let writer = Writer([major, minor, patch]);
        if format < oldest || format > newest {
            let (found, known) = (u16::from(format), u16::from(newest));
            return Err(Error::UnknownVersion { what, found, known, writer: writer.to_string() });
        }
        Ok((Self { format, version: u16::from_be_bytes([high, low]), writer }, rest))
    }
}

/// The version of this build.
const THIS: Writer = Writer([
    number(env!("CARGO_PKG_VERSION_MAJOR")),
    number(env!("CARGO_PKG_VERSION_MINOR")),
    number(env!("CARGO_PKG_VERSION_PATCH")),
]);

const fn number(text: &str) -> u8 {
    let (bytes, mut at, mut value) = (text.as_bytes(), 0, 0_u8);
    while at < bytes.len() {
        #[expect(clippy::indexing_slicing, reason = "at < len, and const fn has no get")]
        let digit = bytes[at] - b'0';
        value = value * 10 + digit;
        at += 1;
    }
    value
}
