//! The sinks by target, and the processors of the deliveries to them: one file per kind of sink.
//!
//! A new kind of delivery is a file here, a line in [`sinks`] and an arm of [`processor`]; a new kind of the section `sinks` is a
//! file here and an arm in `named`.

mod calls;
pub(super) mod control_m;
mod limits;
pub(super) mod named;
mod smtp;
mod webhook;

pub use crate::sink::Calls;

use std::sync::Arc;

use super::Secrets;
use super::error::Result;
use crate::config::Config;
use crate::processor::delivery;
use crate::processor::delivery::Children;
use crate::sink::Sinks;
use crate::sink::control_m::ControlM;
use crate::template::{Finding, Template};
use crate::topology::spec::{Delivery, DeliveryKind};

/// The sinks of the configured services, by target.
pub fn sinks(config: &Config, secrets: &Arc<Secrets>, calls: &Calls) -> Result<Sinks> {
    by_target(control_m::sink(config, secrets, calls)?, (config, secrets, calls))
}

/// The sinks of these services and of the section `sinks`, by target.
pub(super) fn by_target(
    control_m: Option<Arc<ControlM>>,
    (config, secrets, calls): (&Config, &Secrets, &Calls),
) -> Result<Sinks> {
    let configured = [control_m.map(control_m::targeted)].into_iter().flatten().flatten();
    let all = configured.chain(named::sinks(config, secrets, calls)?);
    Ok(all.fold(Sinks::new(), |sinks, (target, sink)| sinks.with(target, sink)))
}

/// The findings in the template of a delivery, from sample bundles.
pub(super) fn check(delivery: &Delivery, template: Template, children: Children<'_>) -> Vec<Finding> {
    match &delivery.kind {
        DeliveryKind::ControlM(to) => to.folders(template).check(children),
        DeliveryKind::Webhook(to) => to.requests("", template).check(children),
    }
}

/// The processor of a delivery; `None` if its service is not configured.
pub(super) fn processor(config: &Config, delivery: &Delivery, template: Template) -> Option<delivery::Delivery> {
    match &delivery.kind {
        DeliveryKind::ControlM(to) => control_m::processor(config, delivery.give_up_after, to, template),
        DeliveryKind::Webhook(to) => webhook::processor(config, delivery.give_up_after, to, template),
    }
}
