//! The sinks by target, and the processors of the deliveries to them: one file per kind of sink.
//!
//! A new kind is a file here, a line in [`sinks`] and an arm of [`processor`].

mod calls;
mod control_m;

pub use calls::Calls;

use super::Secrets;
use super::error::Result;
use crate::config::Config;
use crate::processor::delivery;
use crate::processor::delivery::control_m::Children;
use crate::sink::Sinks;
use crate::template::{Finding, Template};
use crate::topology::spec::{Delivery, DeliveryKind};

/// The sinks of the configured services, by target.
pub fn sinks(config: &Config, secrets: &Secrets, calls: &Calls) -> Result<Sinks> {
    let configured = [control_m::sink(config, secrets, calls)?];
    Ok(configured.into_iter().flatten().fold(Sinks::new(), |sinks, (target, sink)| sinks.with(target, sink)))
}

/// The findings in the template of a delivery, from sample bundles.
pub(super) fn check(delivery: &Delivery, template: Template, children: Children) -> Vec<Finding> {
    match &delivery.kind {
        DeliveryKind::ControlM(to) => to.folders(template).check(children),
    }
}

/// The processor of a delivery; `None` if its service is not configured.
pub(super) fn processor(config: &Config, delivery: &Delivery, template: Template) -> Option<delivery::Delivery> {
    match &delivery.kind {
        DeliveryKind::ControlM(to) => control_m::processor(config, to, template),
    }
}
