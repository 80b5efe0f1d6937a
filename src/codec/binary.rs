//! bincode in one fixed configuration: little endian, variable-length integers, at most 16 MiB.
//!
//! bincode is not self-describing: adding, removing or moving a field or a variant changes the meaning of stored bytes. So
//! every stored value carries a version (see [`entry`](super::entry)), and each version has its own frozen type.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Error;

/// The largest encoded value, in bytes; stops a hostile length prefix from allocating.
pub const SIZE_MAX: usize = 16 << 20;

const CONFIG: Configuration<LittleEndian, Varint, Limit<SIZE_MAX>> =
    bincode::config::standard().with_limit::<SIZE_MAX>();

/// Appends the encoded value to `out`.
pub fn encode<T: Serialize>(value: &T, out: &mut Vec<u8>) -> Result<(), Error> {
    bincode::serde::encode_into_std_write(value, out, CONFIG).map_err(|error| Error::Corrupt(error.to_string()))?;
    Ok(())
}

/// Decodes one value from the start of `bytes`; returns it with its length in bytes.
pub fn decode_prefix<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, usize), Error> {
    bincode::serde::decode_from_slice(bytes, CONFIG).map_err(|error| Error::Corrupt(error.to_string()))
}

/// Decodes one value that fills `bytes`; trailing bytes are corruption.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let (value, used) = decode_prefix(bytes)?;
    if used == bytes.len() { Ok(value) } else { Err(Error::Corrupt(format!("{} trailing bytes", bytes.len() - used))) }
}
