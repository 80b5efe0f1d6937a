//! A strict reader of Prometheus' text format, as `promtool check metrics` is: each family once, whole, with its type, and no series
//! twice.

use std::collections::{BTreeMap, BTreeSet};

/// A series: its name and its labels in order.
pub(crate) type Series = (String, BTreeMap<String, String>);

/// The series of a text with their values; the error is the first line that a scrape would refuse.
pub(crate) fn read(text: &str) -> Result<BTreeMap<Series, f64>, String> {
    if !text.ends_with('\n') {
        return Err("the text does not end with a line feed".to_owned());
    }
    let (mut series, mut known, mut family) = (BTreeMap::new(), BTreeSet::new(), Family::default());
    for line in text.lines() {
        let refused = |why: &str| format!("{why}: {line}");
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, _) = rest.split_once(' ').ok_or_else(|| refused("no help"))?;
            if !known.insert(name.to_owned()) {
                return Err(refused("a second HELP of a family"));
            }
            family = Family { name: name.to_owned(), kind: String::new() };
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').ok_or_else(|| refused("no type"))?;
            if name != family.name || !family.kind.is_empty() {
                return Err(refused("a TYPE that does not follow the HELP of its family"));
            }
            kind.clone_into(&mut family.kind);
        } else {
            let (one, value) = sample(line).ok_or_else(|| refused("no sample"))?;
            if !family.has(&one.0) {
                return Err(refused("a sample outside of its family"));
            }
            if series.insert(one, value).is_some() {
                return Err(refused("a series twice"));
            }
        }
    }
    histograms(&series)?;
    Ok(series)
}

#[derive(Default)]
struct Family {
    name: String,
    kind: String,
}

impl Family {
    fn has(&self, sample: &str) -> bool {
        let Some(suffix) = sample.strip_prefix(&self.name) else { return false };
        match self.kind.as_str() {
            "histogram" => ["_bucket", "_sum", "_count"].contains(&suffix),
            "counter" | "gauge" => suffix.is_empty(),
            _ => false,
        }
    }
}

/// A line `name{label="value",..} number`.
fn sample(line: &str) -> Option<(Series, f64)> {
    let (series, value) = line.rsplit_once(' ')?;
    let (name, labels) = match series.split_once('{') {
        Some((name, rest)) => (name, rest.strip_suffix('}')?),
        None => (series, ""),
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(is_name) {
        return None;
    }
    let mut read = BTreeMap::new();
    for label in labels.split("\",").filter(|label| !label.is_empty()) {
        let (key, value) = label.split_once("=\"")?;
        let value = value.strip_suffix('"').unwrap_or(value);
        // None of the labels here has a quote, a backslash or a line feed, which would be escaped.
        if !key.chars().all(is_name)
            || value.contains(['"', '\\'])
            || read.insert(key.to_owned(), value.to_owned()).is_some()
        {
            return None;
        }
    }
    Some(((name.to_owned(), read), value.parse().ok()?))
}

/// Checks that the buckets of a histogram grow, up to its count.
fn histograms(series: &BTreeMap<Series, f64>) -> Result<(), String> {
    let mut buckets: BTreeMap<Series, Vec<(f64, f64)>> = BTreeMap::new();
    for ((name, labels), count) in series {
        if let (Some(name), Some(least)) = (name.strip_suffix("_bucket"), labels.get("le")) {
            let bound = least.parse().map_err(|_error| format!("no bound: {least}"))?;
            let rest = labels.iter().filter(|(key, _)| *key != "le").map(|(key, value)| (key.clone(), value.clone()));
            buckets.entry((name.to_owned(), rest.collect())).or_default().push((bound, *count));
        }
    }
    for ((name, labels), mut found) in buckets {
        found.sort_by(|one, other| one.0.total_cmp(&other.0));
        let grows = found.windows(2).all(|pair| pair[0].1 <= pair[1].1);
        let total = series.get(&(format!("{name}_count"), labels.clone())).copied();
        if !grows || found.last().is_none_or(|last| !last.0.is_infinite() || Some(last.1) != total) {
            return Err(format!("the buckets of {name}{labels:?} do not add up"));
        }
    }
    Ok(())
}

#[test]
fn what_a_scrape_would_refuse_is_refused() {
    let good = "# HELP a A.\n# TYPE a counter\na{x=\"1\"} 1\na{x=\"2\"} 2\n";
    assert_eq!(read(good).unwrap().len(), 2);
    for (text, words) in [
        (format!("{good}{good}"), "second HELP"),
        (format!("{good}a{{x=\"1\"}} 3\n"), "a series twice"),
        (format!("{good}b 3\n"), "outside of its family"),
        (good.trim_end().to_owned(), "line feed"),
        (format!("{good}a{{x=1}} 3\n"), "no sample"),
    ] {
        let error = read(&text).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}
