//! Messages to people about alerts: the processor, its wiring, and what can be told of routes before one is used.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::codec::yaml::closest;
use crate::config::{AlertRoute, Config, SinkKind, SmtpTls, WebhookFormat};
use crate::model::{Severity, Target, Timestamp};
use crate::processor::call::{Backoff, Certainty, Limits, Request};
use crate::processor::erase;
use crate::processor::notification::{AlertKeying, Batch, Format, Message, Notification, Route, Settings, Told};
use crate::runtime;
use crate::topology::{Node, Source, StartAt, Topology, internal_topic};

/// The name of the processor: part of its topics, tasks and directories.
pub const NOTIFICATION: &str = "notification";

/// The waits between the attempts of a message.
const RETRY: Backoff =
    Backoff { first: Duration::from_secs(5), factor: 2, max: Duration::from_mins(5), jitter_percent: 25 };
/// The time within which an attempt may begin after its commit.
const INTENT_VALID_FOR: Duration = Duration::from_mins(1);

/// Adds the processor to a topology, if people are told of alerts. It begins with the alerts that are raised after its first start:
/// nobody is told of history.
pub(super) fn add(config: &Config, topology: &mut Topology) {
    if config.alerts.routes.is_empty() {
        return;
    }
    let topic = internal_topic(&config.application_id, "alerts");
    let (node, keying) = (topology.nodes.len(), Arc::new(AlertKeying));
    topology.sources.push(Source { topic, node, keying, start: Some(StartAt::Latest) });
    let processor = erase(Notification::new(settings(config)));
    topology.nodes.push(Node::new(NOTIFICATION, processor, Vec::new()));
}

fn settings(config: &Config) -> Settings {
    let alerts = &config.alerts;
    Settings {
        application: config.application_id.clone(),
        routes: alerts.routes.iter().filter_map(|route| of(config, route)).collect(),
        group_by: alerts.group_by.clone(),
        group_wait: alerts.group_wait,
        group_interval: alerts.group_interval,
        max_per_hour: alerts.max_per_hour,
        intent_valid_for: INTENT_VALID_FOR,
        call: Limits { certainty: Certainty::Idempotent, retry: RETRY, give_up_after: alerts.give_up_after },
    }
}

/// The route of a configuration; `None` if its sink is not configured, which is refused when that is read.
fn of(config: &Config, route: &AlertRoute) -> Option<Route> {
    let format = match config.sinks.0.get(&route.to)? {
        SinkKind::Smtp(_) => Format::Mail,
        SinkKind::Webhook(webhook) => match webhook.format {
            WebhookFormat::Generic => Format::Generic,
            WebhookFormat::Slack => Format::Slack,
            WebhookFormat::PagerDuty => Format::PagerDuty,
        },
    };
    let AlertRoute { name, to, severity, kinds } = route.clone();
    Some(Route { name, to: Target::new(&to), format, severity, kinds })
}

/// A message that tests a route: its sink, and the request.
#[derive(Debug)]
pub struct TestMessage {
    /// The sink.
    pub to: Target,
    /// The request.
    pub request: Request,
}

/// A message with one alert for a route of this name, with another id at each time; `None` if there is no such route.
pub fn test_message(config: &Config, route: &str, now: Timestamp) -> Option<TestMessage> {
    let route = config.alerts.routes.iter().find(|it| it.name == route)?;
    let route = of(config, route)?;
    let alert = Told {
        kind: "test".to_owned(),
        severity: Severity::Info,
        key: "no-bundle".to_owned(),
        topology: "no-topology".to_owned(),
        processor: NOTIFICATION.to_owned(),
        occurred_at: now,
        message: format!("This is a test of route {}: messages about alerts look like this.", route.name),
        remedy: Some("nothing; the route works".to_owned()),
    };
    let batch = Batch {
        due: now,
        count: 1,
        severity: alert.severity,
        first_at: now,
        last_at: now,
        first: vec![alert],
        last: Vec::new(),
    };
    let name = format!("{}/{}/test/{}", config.application_id, route.name, now.as_millis());
    let message = Message {
        application: config.application_id.clone(),
        route: route.name.clone(),
        id: Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()),
        at: now,
        groups: vec![("test".to_owned(), batch)],
        limit: None,
    };
    Some(TestMessage { to: route.to, request: message.request(route.format) })
}

/// What may be wrong with the routes of alerts and their sinks, for the applications with these topologies, which deliver to the
/// sinks of these names.
pub fn check_routes<'a>(
    config: &Config,
    topologies: impl Iterator<Item = &'a Topology>,
    delivered_to: &BTreeSet<&str>,
) -> Vec<String> {
    let routes = &config.alerts.routes;
    let is_used = |name: &str| delivered_to.contains(name);
    let sinks: Vec<_> = config.sinks.0.iter().filter(|(name, _)| !is_used(name)).collect();
    if routes.is_empty() {
        let text = "sinks are configured, but nobody is told of alerts: add alerts.routes";
        return if sinks.is_empty() { Vec::new() } else { vec![text.to_owned()] };
    }
    let nodes = topologies.flat_map(|topology| &topology.nodes);
    let raised: BTreeSet<&str> = nodes.flat_map(|node| node.processor.alerts()).copied().collect();
    let raised: BTreeSet<&str> = raised.into_iter().chain(runtime::ALERTS).collect();
    let mut warnings = Vec::new();
    for route in routes {
        for kind in route.kinds.iter().filter(|kind| !raised.contains(kind.as_str())) {
            let hint = closest(kind, raised.iter().copied());
            let hint = hint.unwrap_or_else(|| format!("known kinds: {}", listed(raised.iter().copied())));
            warnings.push(format!("alerts.routes: route `{}`: nothing raises `{kind}`; {hint}", route.name));
        }
    }
    let is_told = |kind: &str| routes.iter().any(|it| it.kinds.is_empty() || it.kinds.iter().any(|it| it == kind));
    let untold: Vec<&str> = raised.into_iter().filter(|kind| !is_told(kind)).collect();
    if !untold.is_empty() {
        let kinds = listed(untold.into_iter());
        warnings.push(format!("alerts.routes: no route takes these kinds, of whatever severity: {kinds}"));
    }
    for (name, kind) in sinks {
        if !routes.iter().any(|route| route.to == *name) {
            warnings
                .push(format!("sinks.{name}: no route of alerts.routes leads to it, and no topology delivers to it"));
        }
        if let SinkKind::Smtp(smtp) = kind
            && smtp.tls == SmtpTls::None
            && smtp.password.is_some()
        {
            warnings.push(format!("sinks.{name}.smtp: the password is sent in clear text; set `tls: starttls`"));
        }
    }
    warnings
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
