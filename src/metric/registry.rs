//! Registers families, with their prefix and their constant label.

use std::cell::{Cell, RefCell};

use prometheus::{
    GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry, Result,
};

use crate::model::Timestamp;

const NAMESPACE: &str = "sheaf";

/// Registers families.
#[derive(Debug)]
pub(super) struct Maker {
    registry: Registry,
    application: String,
    made: RefCell<Vec<Made>>,
    is_of_process: Cell<bool>,
}

/// The description of a family, for the reference page: the registry itself shows only families with a series.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) help: String,
    pub(super) labels: Vec<String>,
    /// True if it is about what the applications of a process share, and counted once for all of them.
    pub(super) is_of_process: bool,
}

impl Maker {
    pub(super) fn new(application: &str) -> Self {
        Self {
            registry: Registry::new(),
            application: application.to_owned(),
            made: RefCell::default(),
            is_of_process: Cell::default(),
        }
    }

    /// Registers families about what the applications of a process share.
    pub(super) fn of_process<T>(&self, make: impl FnOnce(&Self) -> T) -> T {
        self.is_of_process.set(true);
        let families = make(self);
        self.is_of_process.set(false);
        families
    }

    pub(super) fn into_parts(self) -> (Registry, Vec<Made>) {
        (self.registry, self.made.into_inner())
    }

    pub(super) fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec> {
        self.note("counter", name, help, labels);
        let counters = IntCounterVec::new(self.opts(name, help), labels)?;
        self.registry.register(Box::new(counters.clone()))?;
        Ok(counters)
    }

    pub(super) fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec> {
        self.note("gauge", name, help, labels);
        let gauges = IntGaugeVec::new(self.opts(name, help), labels)?;
        self.registry.register(Box::new(gauges.clone()))?;
        Ok(gauges)
    }

    pub(super) fn float_gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec> {
        self.note("gauge", name, help, labels);
        let gauges = GaugeVec::new(self.opts(name, help), labels)?;
        self.registry.register(Box::new(gauges.clone()))?;
        Ok(gauges)
    }

    pub(super) fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram> {
        self.note("histogram", name, help, &[]);
        let histogram = Histogram::with_opts(self.buckets(name, help, buckets))?;
        self.registry.register(Box::new(histogram.clone()))?;
        Ok(histogram)
    }

    pub(super) fn histograms(&self, name: &str, help: &str, labels: &[&str], buckets: &[f64]) -> Result<HistogramVec> {
        self.note("histogram", name, help, labels);
        let histograms = HistogramVec::new(self.buckets(name, help, buckets), labels)?;
        self.registry.register(Box::new(histograms.clone()))?;
        Ok(histograms)
    }

    fn note(&self, kind: &'static str, name: &str, help: &str, labels: &[&str]) {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        let name = format!("{NAMESPACE}_{name}");
        let is_of_process = self.is_of_process.get();
        self.made.borrow_mut().push(Made { name, kind, help: help.to_owned(), labels, is_of_process });
    }

    fn opts(&self, name: &str, help: &str) -> Opts {
        Opts::new(name, help).namespace(NAMESPACE).const_label("application", &self.application)
    }

    fn buckets(&self, name: &str, help: &str, buckets: &[f64]) -> HistogramOpts {
        HistogramOpts::from(self.opts(name, help)).buckets(buckets.to_vec())
    }
}

/// A number as a gauge's value, which is an `i64`.
pub(super) fn gauge_value(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A time as a gauge's value: seconds since 1970.
pub(super) const fn seconds(at: Timestamp) -> i64 {
    at.as_millis() / 1_000
}

/// Removes a series, if it exists.
pub(super) fn forget(gauges: &IntGaugeVec, labels: &[&str]) {
    if let Err(error) = gauges.remove_label_values(labels) {
        tracing::trace!(%error, "the series does not exist");
    }
}
