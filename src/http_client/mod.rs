//! What all clients of HTTP share: those of the sinks, of the exporter of spans, of tokens for Kafka, and of other instances.
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
mod certificate;
mod chain;
mod headers;

pub(crate) use address::{address, has_credential, is_clear_text_to_elsewhere};
pub(crate) use body::body;
#[cfg(feature = "kafka")]
pub(crate) use certificate::trusting_also;
pub(crate) use certificate::trusting_only;
pub(crate) use chain::chain;
pub(crate) use headers::headers;
