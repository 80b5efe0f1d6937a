//! The text of an HTTP client's error with its causes.

/// An error with its causes, because reqwest's own text has only the outermost. Without the URL, which is known to whoever called,
/// and may hold a query or a secret.
pub(crate) fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
