//! The families of the processors.

use std::collections::{BTreeMap, BTreeSet};

use prometheus::{Histogram as Series, IntCounter, IntCounterVec};

use super::error::Error;
use super::internal_error::InternalError;
use super::registry::Maker;
use crate::processor::{Count, Family, Histogram, Observation};

#[derive(Debug)]
pub(super) struct Families {
    counters: BTreeMap<&'static str, (Family, IntCounterVec)>,
    /// The series that exist from the start.
    declared: BTreeSet<Count>,
    histograms: BTreeMap<&'static str, (Histogram, Series)>,
}

impl Families {
    /// Registers these families, with all their series at 0. Several processors of one kind declare the same ones.
    pub(super) fn new(maker: &Maker, families: Vec<Family>, histograms: Vec<Histogram>) -> Result<Self, Error> {
        let mut made = Self { counters: BTreeMap::new(), declared: BTreeSet::new(), histograms: BTreeMap::new() };
        for family in families {
            match made.counters.get(family.name) {
                Some((known, _)) if *known == family => continue,
                Some(_) => return Err(Error::Twice(family.name)),
                None => {}
            }
            let counters = maker.counters(family.name, family.help, family.labels)?;
            for labels in &family.series {
                counters.get_metric_with_label_values(used(&family, labels))?.reset();
                made.declared.insert(Count { family: family.name, labels: *labels });
            }
            made.counters.insert(family.name, (family, counters));
        }
        for histogram in histograms {
            match made.histograms.get(histogram.name) {
                Some((known, _)) if *known == histogram => continue,
                Some(_) => return Err(Error::Twice(histogram.name)),
                None => {}
            }
            let series = maker.histogram(histogram.name, histogram.help, histogram.buckets)?;
            made.histograms.insert(histogram.name, (histogram, series));
        }
        Ok(made)
    }

    /// Counts a duration; the error is an undeclared histogram.
    pub(super) fn observe(&self, observation: Observation) -> Result<(), InternalError> {
        let (_, series) = self.histograms.get(observation.histogram).ok_or(InternalError::UnknownFamily)?;
        series.observe(observation.lasted.as_secs_f64());
        Ok(())
    }

    /// Increments a counter; the error is an undeclared family or series. An undeclared series is counted, too.
    pub(super) fn count(&self, count: Count, times: u64) -> Result<(), InternalError> {
        self.counter(count)?.inc_by(times);
        if self.declared.contains(&count) { Ok(()) } else { Err(InternalError::UnknownLabel) }
    }

    /// The value of a counter; 0 for an undeclared family.
    pub(super) fn value(&self, count: Count) -> u64 {
        self.counter(count).map_or(0, |counter| counter.get())
    }

    /// The sum of those series of a family whose labels are chosen; 0 for an undeclared family.
    pub(super) fn sum(&self, family: &str, is_chosen: impl Fn([&'static str; 2]) -> bool) -> u64 {
        let chosen = self.declared.iter().filter(|count| count.family == family && is_chosen(count.labels));
        chosen.map(|count| self.value(*count)).sum()
    }

    fn counter(&self, count: Count) -> Result<IntCounter, InternalError> {
        let (family, counters) = self.counters.get(count.family).ok_or(InternalError::UnknownFamily)?;
        let counter = counters.get_metric_with_label_values(used(family, &count.labels));
        counter.map_err(|_wrong_number| InternalError::UnknownLabel)
    }
}

/// The values of the family's labels.
fn used<'a>(family: &Family, labels: &'a [&'static str; 2]) -> &'a [&'static str] {
    labels.get(..family.labels.len()).unwrap_or(labels)
}
