//! bincode, fixed once: little endian, variable-length integers, 16 MiB at most.
//!
//! bincode is not self-describing: a field or a variant that is added, removed or moved changes the meaning of old
//! bytes. So nothing is stored without a version beside it (see [`entry`](super::entry)), and each version has its own
//! frozen type.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Error;

/// The most that one value may take, in bytes; stops a hostile length from allocating.
pub const SIZE_MAX: usize = 16 << 20;

const CONFIG: Configuration<LittleEndian, Varint, Limit<SIZE_MAX>> =
    bincode::config::standard().with_limit::<SIZE_MAX>();

/// Appends the value's bytes to `out`.
pub fn encode<T: Serialize>(value: &T, out: &mut Vec<u8>) -> Result<(), Error> {
    bincode::serde::encode_into_std_write(value, out, CONFIG).map_err(|error| Error::Corrupt(error.to_string()))?;
    Ok(())
}

/// Reads one value from the front of `bytes`; also says how many bytes it took.
pub fn decode_prefix<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, usize), Error> {
    bincode::serde::decode_from_slice(bytes, CONFIG).map_err(|error| Error::Corrupt(error.to_string()))
}

/// Reads one value that takes all of `bytes`; bytes left over are corruption.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let (value, used) = decode_prefix(bytes)?;
    if used == bytes.len() { Ok(value) } else { Err(Error::Corrupt(format!("{} bytes too many", bytes.len() - used))) }
}
