//! Deliveries of the records of a topic to a service, one file per kind.
//!
//! A new kind is a file here, a variant of [`DeliveryKind`] and a line of `KINDS`; the compiler asks for the rest.

mod control_m;
mod signals;
mod track;
pub(super) mod webhook;

pub use control_m::{ControlM, DELIVERY};
pub use signals::SIGNAL;
pub use track::{TRACKING, Track};
pub use webhook::Webhook;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::Submissions;
use crate::codec::yaml::{Fields, Item};
use crate::model::Target;
use crate::processor::delivery::control_m::{CONTROL_M_RUNS, GIVE_UP_AFTER};
use crate::processor::delivery::{OUTCOMES, SubmissionKeying};
use crate::processor::{self, erase};
use crate::topology::{Node, Output, Source, StartAt, internal_topic};

/// A processor that delivers the records of a topic to a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The topic of the records.
    pub reads: Submissions,
    /// The service, with its settings.
    pub kind: DeliveryKind,
    /// The time from the first attempt until a delivery gives up, not 0; see the delivery processor's setting.
    pub give_up_after: Duration,
}

/// The kinds of delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryKind {
    /// Each record becomes a folder at Control-M.
    ControlM(ControlM),
    /// Each record becomes a request to a sink of the section `sinks`.
    Webhook(Webhook),
}

/// Reads the section of a kind.
type Read = fn(&Item<'_>) -> Option<DeliveryKind>;

/// The key of each kind's section below `deliver`.
const KINDS: [(&str, Read); 2] = [
    (control_m::KEY, |item| control_m::read(item).map(DeliveryKind::ControlM)),
    (webhook::KEY, |item| webhook::read(item).map(DeliveryKind::Webhook)),
];

impl DeliveryKind {
    /// The key of its section below `deliver`.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::ControlM(_) => control_m::KEY,
            Self::Webhook(_) => webhook::KEY,
        }
    }

    /// The delivery to Control-M; `None` for another kind.
    pub const fn control_m(&self) -> Option<&ControlM> {
        match self {
            Self::ControlM(control_m) => Some(control_m),
            Self::Webhook(_) => None,
        }
    }

    /// The sink of the section `sinks`; `None` for a target of its own.
    pub fn sink(&self) -> Option<&str> {
        match self {
            Self::ControlM(_) => None,
            Self::Webhook(webhook) => Some(&webhook.to),
        }
    }

    /// The path of the template of requests.
    pub fn template(&self) -> &Path {
        match self {
            Self::ControlM(control_m) => &control_m.template,
            Self::Webhook(webhook) => &webhook.template,
        }
    }

    /// The destination of the records: a Control-M server, or the name of a sink.
    pub fn destination(&self) -> &str {
        match self {
            Self::ControlM(control_m) => &control_m.server,
            Self::Webhook(webhook) => &webhook.to,
        }
    }

    /// The name of its processor: part of its topics, tasks and directories.
    const fn processor(&self) -> &'static str {
        match self {
            Self::ControlM(_) | Self::Webhook(_) => DELIVERY,
        }
    }

    /// The service's name in messages, and the setting that enables it.
    pub(super) fn service(&self) -> (String, String) {
        match self {
            Self::ControlM(_) => {
                let (service, setting) = control_m::SERVICE;
                (service.to_owned(), setting.to_owned())
            }
            Self::Webhook(webhook) => webhook_service(&webhook.to),
        }
    }
}

/// A webhook's name in messages, and the setting that enables it.
pub(super) fn webhook_service(to: &str) -> (String, String) {
    (format!("the webhook `{to}`"), format!("sinks.{to}: {{ webhook: {{ url: .. }} }}"))
}

impl Delivery {
    /// The source of the application's own submissions, for the node with this index.
    pub(super) fn source(&self, application: &str, node: usize) -> Source {
        let keying = Arc::new(SubmissionKeying::new(application));
        Source { topic: self.topic(application), node, keying, start: Some(StartAt::Earliest) }
    }

    /// How its runs are followed, with their target and their server; `None`: they are not.
    pub(super) fn tracking(&self) -> Option<(&Track, Target, &str)> {
        match &self.kind {
            DeliveryKind::ControlM(to) => Some((to.track.as_ref()?, Target::new(CONTROL_M_RUNS), &to.server)),
            DeliveryKind::Webhook(_) => None,
        }
    }

    /// The node, with its processor.
    pub(super) fn node(&self, application: &str, processor: processor::delivery::Delivery) -> Node {
        let outcomes = Output::own(OUTCOMES, internal_topic(application, "outcomes"));
        Node::new(self.kind.processor(), erase(processor), vec![outcomes])
    }
}

/// Reads the key `deliver` of the root, with `give_up_after` of each kind; without it there are no deliveries.
pub(super) fn read(root: &mut Fields<'_>) -> Option<Vec<(DeliveryKind, Duration)>> {
    let Some(section) = root.item("deliver") else { return Some(Vec::new()) };
    let mut fields = section.fields()?;
    // All sections are read before the first `?`, so that all mistakes are reported.
    let found = fields.at_least_one(&KINDS.map(|(key, _)| key));
    let kinds = found.iter().zip(KINDS).filter_map(|(item, (_, read))| Some(read(item.as_ref()?)));
    let kinds: Vec<Option<DeliveryKind>> = kinds.collect();
    let give_up_after = match fields.item("give_up_after") {
        Some(item) => give_up_after(&item),
        None => Some(GIVE_UP_AFTER),
    };
    fields.finish();
    if let [Some(_), Some(second)] = found.as_slice() {
        let hint = "write the other one into a topology file of its own, with the same sources".to_owned();
        second.problem("a topology delivers to one target", Some(hint));
    }
    kinds.into_iter().map(|kind| Some((kind?, give_up_after?))).collect()
}

fn give_up_after(item: &Item<'_>) -> Option<Duration> {
    let duration: Duration = item.read()?;
    if duration.is_zero() {
        item.problem("this must be longer than 0", Some("write a duration such as `3d`".to_owned()));
    }
    Some(duration)
}
