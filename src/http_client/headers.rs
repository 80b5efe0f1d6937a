//! Headers of the configuration.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// Headers by name, whose values no client shows. The error is the name of one that HTTP cannot hold.
pub(crate) fn headers<'a>(named: impl Iterator<Item = (&'a str, &'a str)>) -> Result<HeaderMap, String> {
    let header = |(name, value): (&str, &str)| {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
    };
    named.map(|one| header(one).ok_or_else(|| one.0.to_owned())).collect()
}
