//! The sinks that take nothing now, from the details of the instances.

use serde::Serialize;
use serde_json::Value;

use super::api::{field, items};

/// The begin of the name of a sink's detail, as in `/healthz`.
const PREFIX: &str = "sink ";

/// A sink of an instance that takes nothing now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Stopped {
    /// The name of the target.
    pub target: String,
    pub application: String,
    pub instance: String,
    /// The reason, as the target or the breaker gave it.
    pub why: String,
}

/// Those of an answer to `GET /instances`.
pub(super) fn stopped(instances: &Value) -> Vec<Stopped> {
    items(instances).flat_map(of).collect()
}

fn of(instance: &Value) -> impl Iterator<Item = Stopped> {
    let text = |name| field(instance, name).as_str().unwrap_or_default().to_owned();
    let (application, id) = (text("application"), text("id"));
    let details = field(instance, "details").as_object().into_iter().flatten();
    details.filter_map(move |(name, why)| {
        let target = name.strip_prefix(PREFIX)?.to_owned();
        let why = why.as_str().unwrap_or_default().to_owned();
        Some(Stopped { target, application: application.clone(), instance: id.clone(), why })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sink_is_told_by_its_detail_and_other_details_are_not() {
        let details = json!({ "sink control_m": "suspended: HTTP 401", "acts in flight": "0" });
        let answer = json!({ "items": [{ "application": "ctm", "id": "a", "details": details }, { "id": "b" }] });
        let text = |text: &str| text.to_owned();
        let (target, why) = (text("control_m"), text("suspended: HTTP 401"));
        assert_eq!(stopped(&answer), [Stopped { target, application: text("ctm"), instance: text("a"), why }]);
    }
}
