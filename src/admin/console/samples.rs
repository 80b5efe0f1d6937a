//! The numbers of entries by status of the last hours, for the lines of the overview.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use minijinja::{Value as View, context};
use serde_json::Value;

use super::api::{Api, field, items};

/// The time between two samples.
const INTERVAL: Duration = Duration::from_mins(1);
/// The samples that are kept: six hours.
const SAMPLES_MAX: usize = 360;
/// The height of a line, in units of its picture.
const HEIGHT: f64 = 32.0;

/// The number of entries by status name.
pub(super) type Counts = BTreeMap<String, u64>;

/// A processor of an application.
pub(super) type Place = (String, String);

/// The samples of this process since its start.
#[derive(Debug, Default)]
pub(super) struct Samples(Mutex<VecDeque<BTreeMap<Place, Counts>>>);

impl Samples {
    /// Takes a sample each minute, on the current tokio runtime, as long as somebody has the samples.
    pub(super) fn start(api: Api) -> Arc<Self> {
        let samples = Arc::new(Self::default());
        let taken = Arc::downgrade(&samples);
        tokio::spawn(async move {
            let mut interval = tokio::time::interval(INTERVAL);
            interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                interval.tick().await;
                let Some(samples) = taken.upgrade() else { return };
                samples.add(now(&api).await);
            }
        });
        samples
    }

    fn add(&self, sample: BTreeMap<Place, Counts>) {
        let mut samples = self.samples();
        samples.push_back(sample);
        if samples.len() > SAMPLES_MAX {
            samples.pop_front();
        }
    }

    /// The line of a status; `None` until there are two samples.
    pub(super) fn line(&self, place: &Place, status: &str) -> Option<View> {
        let of = |sample: &BTreeMap<Place, Counts>| {
            sample.get(place).and_then(|counts| counts.get(status)).copied().unwrap_or_default()
        };
        let numbers: Vec<u64> = self.samples().iter().map(of).collect();
        let (first, last) = (numbers.first()?, numbers.last()?);
        if numbers.len() < 2 {
            return None;
        }
        let minutes = numbers.len() - 1;
        let text = format!("{status}: from {first} to {last} in {minutes} minutes, in the partitions of this instance");
        Some(context! { width => minutes, points => points(&numbers), text })
    }

    fn samples(&self) -> MutexGuard<'_, VecDeque<BTreeMap<Place, Counts>>> {
        // Each change is complete or not begun.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The points of a line: one to the right for each number, the largest one at the top.
fn points(numbers: &[u64]) -> String {
    let float = |number: u64| u32::try_from(number).map_or(f64::from(u32::MAX), f64::from);
    let most = numbers.iter().copied().max().map_or(1.0, float).max(1.0);
    let point = |(at, number): (usize, &u64)| {
        let below = (HEIGHT - 2.0).mul_add(-(float(*number) / most), HEIGHT - 1.0);
        format!("{at},{below:.1}")
    };
    numbers.iter().enumerate().map(point).collect::<Vec<_>>().join(" ")
}

/// The numbers of all processors now, of the partitions of this instance: nobody else is asked while nobody looks. What cannot be asked is
/// left out.
async fn now(api: &Api) -> BTreeMap<Place, Counts> {
    let mut sample = BTreeMap::new();
    let applications = api.get(&None, "/api/v1/applications").await.unwrap_or_default();
    for application in items(&applications) {
        let id = field(application, "id").as_str().unwrap_or_default();
        for processor in field(application, "processors").as_array().into_iter().flatten().filter_map(Value::as_str) {
            if let Ok(answer) = api.own_counts(&None, id, processor).await {
                sample.insert((id.to_owned(), processor.to_owned()), counts(&answer));
            }
        }
    }
    sample
}

/// The numbers of an answer.
pub(super) fn counts(answer: &Value) -> Counts {
    let counts = field(answer, "counts").as_object().into_iter().flatten();
    counts.filter_map(|(status, number)| Some((status.clone(), number.as_u64()?))).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::Uri;
    use axum::routing::get;
    use axum::{Json, Router};

    use super::*;

    #[test]
    fn a_line_has_a_point_for_each_of_the_last_samples() {
        let samples = Samples::default();
        let place = ("ctm".to_owned(), "bundle".to_owned());
        let sample = |number| BTreeMap::from([(place.clone(), Counts::from([("open".to_owned(), number)]))]);
        samples.add(sample(9));
        assert!(samples.line(&place, "open").is_none(), "one point is no line");
        for number in 0..400 {
            samples.add(sample(number));
        }
        let line = serde_json::to_value(samples.line(&place, "open").unwrap()).unwrap();
        assert_eq!(line["text"], "open: from 40 to 399 in 359 minutes, in the partitions of this instance");
        let points = line["points"].as_str().unwrap();
        assert_eq!(points.split(' ').count(), SAMPLES_MAX);
        assert!(points.ends_with("359,1.0"), "the most is at the top");
        assert_eq!(points_of(&samples, "none"), Some("0,31.0"));
    }

    #[tokio::test]
    async fn a_sample_asks_no_other_instance() {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let answer = move |uri: Uri| async move {
            seen.lock().unwrap().push(uri.to_string());
            let items = serde_json::json!([{ "id": "ctm", "processors": ["bundle"] }]);
            Json(serde_json::json!({ "items": items, "counts": { "open": 3 } }))
        };
        let sample = now(&Api::new(Router::new().fallback(get(answer)))).await;
        let place = ("ctm".to_owned(), "bundle".to_owned());
        assert_eq!(sample, BTreeMap::from([(place, Counts::from([("open".to_owned(), 3)]))]));
        let counts = "/api/v1/bundle/counts?application=ctm&local=true";
        assert_eq!(*asked.lock().unwrap(), ["/api/v1/applications", counts]);
    }

    fn points_of(samples: &Samples, status: &str) -> Option<&'static str> {
        let place = ("ctm".to_owned(), "bundle".to_owned());
        let line = serde_json::to_value(samples.line(&place, status)?).unwrap();
        line["points"].as_str().unwrap().starts_with("0,31.0").then_some("0,31.0")
    }
}
