//! `sinks.NAME.webhook`: an HTTP POST.

use std::collections::BTreeMap;
use std::time::Duration;

use super::limits::{self, Limits};
use super::reference::Reference;
use crate::codec::yaml::{Fields, Item};

/// The key of the section.
pub(super) const KEY: &str = "webhook";

/// The default of `timeout`.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The default of `in_flight_max`.
const IN_FLIGHT: usize = 2;
/// Headers that cannot be configured.
const OWN_HEADERS: [&str; 6] =
    ["Host", "Content-Length", "Content-Type", "Transfer-Encoding", "Connection", "Idempotency-Key"];
/// `PagerDuty`'s own address (<https://developer.pagerduty.com/docs/send-alert-event>).
const PAGER_DUTY: &str = "https://events.pagerduty.com/v2/enqueue";

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The URL; that of Slack is a secret.
    pub url: Reference,
    /// The headers of each request, by name.
    pub headers: BTreeMap<String, Reference>,
    /// The format of messages to people.
    pub format: WebhookFormat,
    /// The integration key of `PagerDuty`; set if and only if that is the format.
    pub routing_key: Option<Reference>,
    /// The limits of attempts.
    pub attempts: Attempts,
}

/// The format of messages to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookFormat {
    /// JSON of sheaf's own form.
    Generic,
    /// Slack's incoming webhooks.
    Slack,
    /// `PagerDuty`'s Events API v2.
    PagerDuty,
}

/// The limits of attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// The time-out of one attempt.
    pub timeout: Duration,
    /// The limits of the calls, per instance.
    pub limits: Limits,
}

impl Webhook {
    /// The values that are texts or references to secrets.
    pub(super) fn references(&self) -> Vec<(String, &Reference)> {
        let key = self.routing_key.as_ref().map(|key| ("routing_key".to_owned(), key));
        let headers = self.headers.iter().map(|(name, value)| (format!("headers.{name}"), value));
        [("url".to_owned(), &self.url)].into_iter().chain(key).chain(headers).collect()
    }
}

/// Reads the section.
pub(super) fn read(section: &Item<'_>) -> Option<Webhook> {
    let mut fields = section.fields()?;
    let formats =
        [("generic", WebhookFormat::Generic), ("slack", WebhookFormat::Slack), ("pagerduty", WebhookFormat::PagerDuty)];
    let format = fields.item("format").map_or(Some(WebhookFormat::Generic), |item| item.word(&formats));
    let is_pager = format == Some(WebhookFormat::PagerDuty);
    let url = if is_pager { fields.item("url") } else { fields.required_item("url") };
    let url = match url {
        Some(item) => item.parsed(Reference::parse),
        None if is_pager => Reference::parse(PAGER_DUTY).ok(),
        None => None,
    };
    let key = if is_pager { fields.required_item("routing_key") } else { fields.item("routing_key") };
    if let (Some(item), false) = (&key, is_pager) {
        item.problem("only PagerDuty has a routing key", Some("write `format: pagerduty`, or remove it".to_owned()));
    }
    let has_key = key.is_some();
    let routing_key = key.and_then(|item| item.parsed(Reference::parse));
    let headers = fields.item("headers").map_or_else(|| Some(BTreeMap::new()), |item| headers(&item));
    let attempts = attempts(&mut fields, TIMEOUT);
    fields.finish();
    if is_pager != has_key || has_key != routing_key.is_some() {
        return None;
    }
    Some(Webhook { url: url?, headers: headers?, format: format?, routing_key, attempts: attempts? })
}

/// Reads headers by name. Those of the client itself are its own.
fn headers(item: &Item<'_>) -> Option<BTreeMap<String, Reference>> {
    let header = |(name, value): (&str, Item<'_>)| {
        let is_legal =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !is_legal {
            let hint = "take letters, digits and `-`".to_owned();
            value.problem(format!("`{name}` cannot be the name of a header"), Some(hint));
            return None;
        }
        if OWN_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            value.problem(format!("`{name}` is set by sheaf"), Some("remove it".to_owned()));
            return None;
        }
        Some((name.to_owned(), value.parsed(Reference::parse)?))
    };
    let all: Vec<Option<(String, Reference)>> = item.entries()?.into_iter().map(header).collect();
    all.into_iter().collect()
}

/// Reads `timeout` and the limits of a sink.
pub(super) fn attempts(fields: &mut Fields<'_>, default: Duration) -> Option<Attempts> {
    let timeout: Option<Duration> = fields.item("timeout").map_or(Some(default), |item| {
        let timeout: Duration = item.read()?;
        if timeout.is_zero() {
            item.problem("this must be longer than 0", None);
            return None;
        }
        Some(timeout)
    });
    let limits = limits::read(fields, IN_FLIGHT);
    Some(Attempts { timeout: timeout?, limits: limits? })
}
