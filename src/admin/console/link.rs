//! The paths of pages.

use crate::codec::percent_encode;

/// The list of a processor.
pub(super) fn entries(application: &str, processor: &str) -> String {
    format!("/entries/{}/{}", percent_encode(application), percent_encode(processor))
}

/// The list of a processor with this filter.
pub(super) fn filtered(application: &str, processor: &str, filter: &[(&str, &str)]) -> String {
    with_query(&entries(application, processor), filter)
}

/// A path with parameters. Those without a value are left out.
pub(super) fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let parameters = parameters.iter().filter(|(_, value)| !value.is_empty());
    let query: Vec<String> = parameters.map(|(name, value)| format!("{name}={}", percent_encode(value))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// The page of an entry.
pub(super) fn entry(application: &str, processor: &str, key: &str) -> String {
    format!("{}/entry?key={}", entries(application, processor), percent_encode(key))
}

/// The form of a command.
pub(super) fn command(application: &str, processor: &str, (key, name): (&str, &str)) -> String {
    format!("{}/command?name={}&key={}", entries(application, processor), percent_encode(name), percent_encode(key))
}
