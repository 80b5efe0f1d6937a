//! What a processor counts.

/// A counted fact: which family, and the values of its labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count {
    /// The name of one of the processor's families.
    pub family: &'static str,
    /// The label values, in the family's order; unused ones are empty.
    pub labels: [&'static str; 2],
}

/// A family of counters that a processor declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name after `sheaf_`; it ends in `_total`, as Prometheus wants counters to.
    pub name: &'static str,
    /// One sentence for who reads the metric.
    pub help: &'static str,
    /// The names of its labels besides `application`, at most two.
    pub labels: &'static [&'static str],
    /// Every combination of label values that can occur, so that each series begins at 0.
    pub series: Vec<[&'static str; 2]>,
}

impl Family {
    /// A family without labels, which is one series.
    pub fn plain(name: &'static str, help: &'static str) -> Self {
        Self { name, help, labels: &[], series: vec![["", ""]] }
    }
}

impl Count {
    /// One of a family without labels.
    pub const fn of(family: &'static str) -> Self {
        Self { family, labels: ["", ""] }
    }

    /// One of a family with one label.
    pub const fn with(family: &'static str, label: &'static str) -> Self {
        Self { family, labels: [label, ""] }
    }
}
