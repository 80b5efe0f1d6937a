//! What all clients of HTTP share: those of the sinks, of the exporter of spans, and of other instances.
//!
//! | file | content |
//! |---|---|
//! | `address` | whether an address can be called, and whether in clear text |
//! | `headers` | headers of the configuration |
//! | `body` | the body of an answer, up to a limit |
//! | `certificate` | certificates that a client trusts |
//! | `chain` | the text of an error with its causes |

mod address;
mod body;
#[cfg(feature = "tls")]
mod certificate;
mod chain;
mod headers;

pub(crate) use address::{address, is_clear_text_to_elsewhere};
pub(crate) use body::body;
#[cfg(feature = "tls")]
pub(crate) use certificate::certificates;
pub(crate) use chain::chain;
pub(crate) use headers::headers;
