//! The metrics of the messages to people, with all their series.

use super::super::call::{End, Retry};
use super::super::{Count, Family};

/// Messages by how they ended; label `outcome`.
pub const MESSAGES: &str = "notification_messages_total";
/// Repeated attempts by reason; label `reason`.
pub const RETRIES: &str = "notification_retries_total";
/// Alerts by what became of them; label `outcome`.
pub const ALERTS: &str = "notification_alerts_total";

const SENT: Count = Count::with(MESSAGES, "sent");
const REFUSED: Count = Count::with(MESSAGES, "refused");
const GAVE_UP: Count = Count::with(MESSAGES, "gave_up");
/// Begun while the limit of messages per hour was reached.
pub(super) const LIMITED: Count = Count::with(MESSAGES, "rate_limited");

/// An alert for one route.
pub(super) const GATHERED: Count = Count::with(ALERTS, "gathered");
/// An alert beyond those that its message shows.
pub(super) const NOT_SHOWN: Count = Count::with(ALERTS, "not_shown");
/// An alert that no route takes.
pub(super) const UNROUTED: Count = Count::with(ALERTS, "unrouted");

/// The end of a message.
pub(super) const fn end(end: &End) -> Count {
    match end {
        End::Executed => SENT,
        End::Refused(_) => REFUSED,
        End::GaveUp(_) | End::InDoubt(_) => GAVE_UP,
    }
}

/// A retry of a message.
pub(super) const fn retry(reason: Retry) -> Count {
    Count::with(
        RETRIES,
        match reason {
            Retry::Busy => "busy",
            Retry::NotSent => "not_sent",
            Retry::Suspended => "suspended",
            Retry::LostAnswer => "lost_answer",
            Retry::Inherited => "inherited",
        },
    )
}

/// All families, with all their series.
pub fn families() -> Vec<Family> {
    let retries = [Retry::Busy, Retry::NotSent, Retry::Suspended, Retry::LostAnswer, Retry::Inherited].map(retry);
    vec![
        family(
            MESSAGES,
            "Messages to people, by how they ended; `rate_limited` are those that gathered what the limit per hour held back.",
            &["outcome"],
            &[SENT, REFUSED, GAVE_UP, LIMITED],
        ),
        family(RETRIES, "Repeated attempts to send a message, by reason.", &["reason"], &retries),
        family(
            ALERTS,
            "Alerts, once for each route that takes them; `not_shown` are gathered ones that their message only counts.",
            &["outcome"],
            &[GATHERED, NOT_SHOWN, UNROUTED],
        ),
    ]
}

fn family(name: &'static str, help: &'static str, labels: &'static [&'static str], series: &[Count]) -> Family {
    Family { name, help, labels, series: series.iter().map(|count| count.labels).collect() }
}
