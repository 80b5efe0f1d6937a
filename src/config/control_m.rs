//! The section `control_m`: the Automation API, and the times that deliveries to it need.

use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::Reference;
use super::field::{Default, Field, Kind};
use super::limits::{self, Breaker, Limits, Rate};
use super::reader::Reader;
use crate::codec::yaml::Item;

/// Control-M's Automation API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlM {
    /// The URL of the Automation API; without a path it is below `/automation-api`.
    pub base_url: Reference,
    /// The key for the header `x-api-key`; `None` sends none.
    pub api_key: Option<Reference>,
    /// The user who logs in instead; set if and only if `password` is.
    pub username: Option<Reference>,
    /// The user's password.
    pub password: Option<Reference>,
    /// How long the key, or the user and the password, are used before they are read again; not 0.
    pub credential_ttl: Duration,
    /// The file with the certificates in PEM form that are trusted beside the system's.
    pub ca_bundle: Option<PathBuf>,
    /// The URL of the proxy.
    pub proxy: Option<Reference>,
    /// The value of the header `Annotation-Subject`; `None` sends none.
    pub annotation_subject: Option<String>,
    /// The value of the header `Annotation-Description`; `None` sends none.
    pub annotation_description: Option<String>,
    /// The zone of the server's times; `None`: it is not known.
    pub time_zone: Option<TimeZone>,
    /// How long after a submit its folder may still be missing from look-ups.
    pub visibility_lag: Duration,
    /// The time-out of one call.
    pub request_timeout: Duration,
    /// How long after the decision to submit the call may still be started.
    pub intent_valid_for: Duration,
    /// The most calls in flight at once.
    pub in_flight_max: usize,
    /// The rate of the calls; `None`: none.
    pub rate: Option<Rate>,
    /// The number of calls that may be made at once after a pause, if there is a rate.
    pub burst: Option<u32>,
    /// When Control-M is suspended.
    pub breaker: Breaker,
}

impl ControlM {
    /// The limits of the calls.
    pub fn limits(&self) -> Limits {
        let Self { in_flight_max, rate, burst, breaker, .. } = self;
        let (in_flight_max, rate, burst, breaker) = (*in_flight_max, *rate, *burst, *breaker);
        Limits { in_flight_max, rate, burst, breaker }
    }
}

pub(super) const FIELDS: &[Field] = &[
    Field {
        path: "control_m.base_url",
        kind: Kind::Reference,
        default: Default::None("no Control-M"),
        doc: "The URL of the Control-M Automation API, such as `https://ctm:8443/automation-api`; without a path that one is added. \
              Required by every topology that delivers to Control-M.",
    },
    Field {
        path: "control_m.api_key",
        kind: Kind::Reference,
        default: Default::None("no key is sent"),
        doc: "The key that is sent as `x-api-key`; write a reference, such as `${env:CTM_API_KEY}`.",
    },
    Field {
        path: "control_m.username",
        kind: Kind::Reference,
        default: Default::None("no login"),
        doc: "The user who logs in, on premises, instead of `control_m.api_key`. The session is renewed when it expires.",
    },
    Field {
        path: "control_m.password",
        kind: Kind::Reference,
        default: Default::None("no login"),
        doc: "The password of `control_m.username`; write a reference, such as `${file:/run/secrets/ctm}`.",
    },
    Field {
        path: "control_m.credential_ttl",
        kind: Kind::Duration,
        default: Default::Value("5m"),
        doc: "How long the key, or the user and the password, are used before they are read again from their file or from AWS \
              Secrets Manager, so that a rotation needs no restart. They are also read again when Control-M refuses them.",
    },
    Field {
        path: "control_m.ca_bundle",
        kind: Kind::Path,
        default: Default::None("the system's certificates"),
        doc: "A file with certificates in PEM form that are trusted beside the system's: that of the authority of a server \
              on premises, or its own if it signs itself.",
    },
    Field {
        path: "control_m.proxy",
        kind: Kind::Reference,
        default: Default::None("no proxy"),
        doc: "The URL of an HTTP proxy for the calls, such as `http://proxy:3128`, or a reference to one with user and \
              password. `HTTPS_PROXY` is ignored.",
    },
    Field {
        path: "control_m.annotation_subject",
        kind: Kind::Text,
        default: Default::None("none is sent"),
        doc: "The header `Annotation-Subject` of calls that change something, for a Control-M that demands annotations for its audit. \
              Printable ASCII.",
    },
    Field {
        path: "control_m.annotation_description",
        kind: Kind::Text,
        default: Default::None("none is sent"),
        doc: "The header `Annotation-Description` of the same calls.",
    },
    Field {
        path: "control_m.time_zone",
        kind: Kind::Zone,
        default: Default::None("times of runs are passed on as Control-M writes them"),
        doc: "The zone of the Control-M server, such as `Europe/Berlin`: its times have none. For the times in records about runs \
              (`deliver.control_m.track`).",
    },
    Field {
        path: "control_m.visibility_lag",
        kind: Kind::Duration,
        default: Default::Value("30s"),
        doc: "How long after a submit its folder may still be missing from look-ups. A submit whose answer was lost \
              is looked up only after that time.",
    },
    Field {
        path: "control_m.request_timeout",
        kind: Kind::Duration,
        default: Default::Value("60s"),
        doc: "The time-out of one call.",
    },
    Field {
        path: "control_m.intent_valid_for",
        kind: Kind::Duration,
        default: Default::Value("30s"),
        doc: "How long after the decision to submit the call may still be started. A process that was paused for \
              longer does not send it; a new owner of the task waits for this time, the request time-out and the \
              visibility lag before it looks the submit up.",
    },
    Field {
        path: "control_m.in_flight_max",
        kind: Kind::Integer(1, 1_000),
        default: Default::Value("16"),
        doc: "How many calls to Control-M may be in flight at once, per instance.",
    },
    Field {
        path: "control_m.rate",
        kind: Kind::Text,
        default: Default::None("no rate"),
        doc: "The most calls to Control-M, submits and look-ups, in a time, per instance: `10/s`, `600/m` or `1000/h`. What it \
              does not let through waits in Kafka.",
    },
    Field {
        path: "control_m.burst",
        kind: Kind::Integer(1, 1_000_000),
        default: Default::None("the calls of a second"),
        doc: "How many calls of `control_m.rate` may be made at once after a pause.",
    },
    Field {
        path: "control_m.breaker",
        kind: Kind::Tree,
        default: Default::None("`{ failures: 10, pause: 1s, pause_max: 1m }`"),
        doc: "After how many failures in a row (429, 5xx, lost answers) Control-M is suspended; the first and the longest pause \
              between the checks that end it.",
    },
];

/// `None` without a problem when `base_url` is absent: no topology delivers to Control-M then.
pub(super) fn read(from: &Reader<'_>) -> Option<ControlM> {
    let base_url = from.reference("control_m.base_url");
    let api_key = from.reference("control_m.api_key");
    let visibility_lag = from.duration("control_m.visibility_lag");
    let request_timeout = from.duration("control_m.request_timeout");
    let intent_valid_for = from.duration("control_m.intent_valid_for");
    let in_flight_max = from.integer("control_m.in_flight_max");
    let rate_item = from.item("control_m.rate");
    let rate = limits::rate(rate_item.as_ref());
    let burst = limits::burst(from.item("control_m.burst").as_ref(), rate_item.is_some());
    let breaker = from
        .item("control_m.breaker")
        .map_or_else(|| Some(<Breaker as std::default::Default>::default()), |it| limits::breaker(&it));
    let credential_ttl = from.duration("control_m.credential_ttl");
    if let (Some(item), Some(Duration::ZERO)) = (from.item("control_m.credential_ttl"), credential_ttl) {
        item.problem("this must be longer than 0", Some("write a duration such as `5m`".to_owned()));
    }
    let (ca_bundle, proxy) = (from.value("control_m.ca_bundle"), from.reference("control_m.proxy"));
    let [annotation_subject, annotation_description] =
        ["control_m.annotation_subject", "control_m.annotation_description"].map(|path| annotation(from, path));
    let time_zone = from.item("control_m.time_zone").map(|item| zone(&item));
    let (username, password) = (from.reference("control_m.username"), from.reference("control_m.password"));
    match (&username, &password) {
        (Some(_), None) => from.missing("control_m.password"),
        (None, Some(_)) => from.missing("control_m.username"),
        (Some(_), Some(_)) | (None, None) => {}
    }
    if let (Some(item), true) = (from.item("control_m.username"), api_key.is_some()) {
        let hint = "remove control_m.api_key, or control_m.username and control_m.password".to_owned();
        item.problem("an API key and a login exclude each other", Some(hint));
    }
    let needs_address = ["api_key", "username", "ca_bundle", "proxy"].map(|key| format!("control_m.{key}"));
    if from.item("control_m.base_url").is_none() && needs_address.iter().any(|path| from.item(path).is_some()) {
        from.missing("control_m.base_url");
    }
    Some(ControlM {
        base_url: base_url?,
        api_key,
        username,
        password,
        credential_ttl: credential_ttl?,
        ca_bundle,
        proxy,
        annotation_subject,
        annotation_description,
        time_zone: match time_zone {
            Some(zone) => Some(zone?),
            None => None,
        },
        visibility_lag: visibility_lag?,
        request_timeout: request_timeout?,
        intent_valid_for: intent_valid_for?,
        in_flight_max: in_flight_max?,
        rate: rate?,
        burst: burst?,
        breaker: breaker?,
    })
}

/// The value of a header; a problem if no header may contain it.
fn annotation(from: &Reader<'_>, path: &str) -> Option<String> {
    let item = from.item(path)?;
    let text: String = from.value(path)?;
    if text.is_empty() || !text.chars().all(|character| matches!(character, ' '..='~')) {
        item.problem("this is a header of HTTP and must be printable ASCII", None);
    }
    Some(text)
}

fn zone(item: &Item<'_>) -> Option<TimeZone> {
    let unknown = |name: &str| format!("the zone `{name}` is not known; name an IANA zone such as `Europe/Berlin`");
    item.parsed(|name| TimeZone::get(name).map_err(|_unknown| unknown(name)))
}
