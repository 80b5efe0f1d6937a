//! The trace context of W3C, with which the programs that an event passes through name the trace of which their work is a part.
//!
//! Source: <https://www.w3.org/TR/trace-context/>. Its HTTP headers are used as headers of Kafka records too.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Headers;

/// The longest `tracestate` that is carried, in bytes; the standard asks for at least this. A longer one is left out.
const STATE_BYTES_MAX: usize = 512;
/// The length of a `traceparent` of version 00, in bytes.
const TRACEPARENT_BYTES: usize = 55;
/// The flag of a trace that is recorded.
const SAMPLED: u8 = 0b01;
/// The flag of a trace whose id is random (level 2 of the standard).
const RANDOM: u8 = 0b10;

/// The id of a trace, 16 bytes of which one is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TraceId(pub [u8; 16]);

/// The id of a span within its trace, 8 bytes of which one is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SpanId(pub [u8; 8]);

/// A trace, and the span by which it came here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceContext {
    /// The trace.
    pub trace: TraceId,
    /// The span of whoever has sent this (`parent-id`).
    pub span: SpanId,
    /// The flags; of those that the standard does not define yet, none is carried.
    flags: u8,
    /// The `tracestate`, which only those who have written it understand.
    state: Option<String>,
}

impl TraceContext {
    /// The header with version, trace, span and flags.
    pub const TRACEPARENT: &'static str = "traceparent";
    /// The header with what systems of tracing tell each other beyond it.
    pub const TRACESTATE: &'static str = "tracestate";

    /// The context in the headers of a record; `None` if there is none, or none of the standard's form.
    pub fn of(headers: &Headers) -> Option<Self> {
        Self::new(headers.text(Self::TRACEPARENT)?, headers.text(Self::TRACESTATE))
    }

    /// The context in the values of the two headers; `None` if the first has not the standard's form. Of a version after 00 the
    /// fields of 00 are read.
    pub fn new(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        let fields = traceparent.get(..TRACEPARENT_BYTES)?;
        let mut fields = fields.split('-');
        let (version, trace, span, flags) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let ([version], trace, span, [flags]) = (hex::<1>(version)?, hex(trace)?, hex(span)?, hex::<1>(flags)?);
        let rest = traceparent.get(TRACEPARENT_BYTES..)?;
        let is_valid = match version {
            0 => rest.is_empty(),
            0xff => false,
            _ => rest.is_empty() || rest.starts_with('-'),
        };
        if !is_valid || trace == [0; 16] || span == [0; 8] {
            return None;
        }
        let is_state =
            |state: &&str| !state.is_empty() && state.len() <= STATE_BYTES_MAX && state.bytes().all(is_visible);
        let state = tracestate.filter(is_state).map(str::to_owned);
        Some(Self { trace: TraceId(trace), span: SpanId(span), flags: flags & (SAMPLED | RANDOM), state })
    }

    /// The value of the header [`TRACEPARENT`](Self::TRACEPARENT), of version 00.
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-{:02x}", self.trace, self.span, self.flags)
    }

    /// The value of the header [`TRACESTATE`](Self::TRACESTATE), if there is one.
    pub fn tracestate(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// True if the trace is recorded by those it has passed through.
    pub const fn is_sampled(&self) -> bool {
        self.flags & SAMPLED == SAMPLED
    }

    /// The same trace for what a span sends.
    #[must_use]
    pub fn from_span(&self, span: SpanId) -> Self {
        Self { span, ..self.clone() }
    }

    /// The size of its headers in a record, in bytes.
    pub fn headers_size(&self) -> usize {
        let mut headers = Headers::new();
        self.add_to(&mut headers);
        headers.size()
    }

    /// Appends its headers, unless there is a [`TRACEPARENT`](Self::TRACEPARENT).
    pub fn add_to(&self, headers: &mut Headers) {
        if headers.iter().any(|header| header.name == Self::TRACEPARENT) {
            return;
        }
        headers.push(Self::TRACEPARENT, Some(Bytes::from(self.traceparent())));
        if let Some(state) = &self.state {
            headers.push(Self::TRACESTATE, Some(Bytes::from(state.clone())));
        }
    }
}

/// Printable ASCII, and the blanks that are allowed between the members of a `tracestate`.
fn is_visible(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t')
}

/// The bytes of lower-case hexadecimal digits, exactly `N`.
fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != 2 * N || !text.bytes().all(is_digit) {
        return None;
    }
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_context_is_read_and_written() {
        let context = TraceContext::new(TRACEPARENT, Some("congo=t61rcWkgMzE,rojo=00f067aa0ba902b7")).unwrap();
        assert_eq!(context.trace.to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!((context.span.to_string().as_str(), context.is_sampled()), ("b7ad6b7169203331", true));
        let mut headers = Headers::new().with("a", "b");
        context.add_to(&mut headers);
        assert_eq!(headers.text("traceparent"), Some(TRACEPARENT));
        assert_eq!(headers.text("tracestate"), Some("congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"));
        assert_eq!(TraceContext::of(&headers), Some(context));
        let other = TraceContext::new(&TRACEPARENT.replace('a', "b"), None).unwrap();
        other.add_to(&mut headers);
        assert_eq!(headers.iter().count(), 3, "what a processor has set stays");
    }

    #[test]
    fn a_traceparent_of_another_form_is_none() {
        for text in [
            "",
            "00-1",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
            "00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333+-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333é-1",
        ] {
            assert_eq!(TraceContext::new(text, None), None, "{text}");
        }
        assert_eq!(TraceContext::of(&Headers::new().with("traceparent", &b"\xff"[..])), None);
    }

    #[test]
    fn a_later_version_is_read_as_the_first_and_written_as_it() {
        let context =
            TraceContext::new(&TRACEPARENT.replacen("00", "cc", 1).replace("-01", "-01-what-comes"), None).unwrap();
        assert_eq!(context.traceparent(), TRACEPARENT);
        let flags = TraceContext::new(&TRACEPARENT.replace("-01", "-ff"), None).unwrap();
        assert!(flags.traceparent().ends_with("-03"), "flags that are not defined are not carried");
    }

    #[test]
    fn a_tracestate_that_no_header_of_http_can_hold_is_left_out() {
        let state = |text: &str| TraceContext::new(TRACEPARENT, Some(text)).unwrap().state;
        assert_eq!(state("a=1, b=2").as_deref(), Some("a=1, b=2"));
        for text in ["", "a=1\r\nb: 2", "a=\u{e9}", &"x".repeat(513)] {
            assert_eq!(state(text), None, "{text:?}");
        }
    }
}
