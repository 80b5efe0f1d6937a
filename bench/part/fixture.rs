//! The fixture of all measurements: bundles of a parent and its children, without delivery.

use std::sync::Arc;

use sheaf::broker::Broker;
use sheaf::runtime::{Limits, Settings, TopicSettings, TopologyPlan};
use sheaf::topology::{Spec, Topology};

use crate::Result;
use crate::fill::TIMEOUT;

/// The topology file.
pub(crate) const TOPOLOGY: &str = "name: bench
sources:
  - { topic: ctm-parent-events, member: parent, bundle: /id, id: /id, expects: /children }
  - { topic: ctm-children-events, member: child, bundle: /parent_id, id: /id, position: /position }
bundle: { children: 1, sla: 24h }
submissions: ctm-submissions
";

/// The settings of an application with this number of partitions.
pub(crate) fn settings(application: &str, partitions: i32) -> Settings {
    let topics = TopicSettings { partitions, ..TopicSettings::default() };
    Settings {
        topics,
        limits: Limits { broker_timeout: TIMEOUT, ..Limits::default() },
        ..Settings::new(application, "a")
    }
}

/// The topology.
pub(crate) fn topology(settings: &Settings) -> Result<Topology> {
    Ok(Spec::parse("bench", TOPOLOGY)?.assemble(&settings.application, |_| None)?)
}

/// Creates the application's topics.
pub(crate) fn prepare(broker: &dyn Broker, settings: &Settings) -> Result<Arc<TopologyPlan>> {
    Ok(sheaf::runtime::prepare(&mut *broker.admin()?, &topology(settings)?, settings, TIMEOUT)?)
}
