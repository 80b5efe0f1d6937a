//! Percent-encoding of a text in a URL (RFC 3986).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters of section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The text as one segment of a path, or as one value of a query.
pub fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::percent_encode;

    #[test]
    fn a_text_stays_one_segment_of_a_path() {
        assert_eq!(percent_encode("a/../b?c#d %é"), "a%2F..%2Fb%3Fc%23d%20%25%C3%A9");
        assert_eq!(percent_encode("A-1_2.3~"), "A-1_2.3~");
    }
}
