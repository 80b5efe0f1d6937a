//! Tests of assembling and describing a topology file.

use super::spec::Processor;
use super::{AssembleError, Spec, Topology, describe};
use crate::processor::bundle::SUBMISSIONS;
use crate::processor::delivery::{Delivery, OUTCOMES, control_m};
use crate::template::Template;

const DEFAULT: &str = include_str!("../../topologies/control-m.yaml");

fn delivery() -> Delivery {
    let template = Template::compile("bundle.json", "{}").unwrap();
    let folders = control_m::Folders {
        mode: control_m::Mode::OnDemand,
        submit: control_m::Submit::Bundle,
        template,
        server: "smprod".to_owned(),
        retention_days: 14,
        external_events: Vec::new(),
    };
    Delivery::new(folders, control_m::usual_settings())
}

fn default_topology() -> Topology {
    Spec::parse("control-m.yaml", DEFAULT).unwrap().assemble("ctm", |_| Some(delivery())).unwrap()
}

#[test]
fn the_default_file_has_two_processors() {
    let topology = default_topology();
    let sources: Vec<_> = topology.sources.iter().map(|source| (source.topic.as_str(), source.node)).collect();
    assert_eq!(sources, [("ctm-parent-events", 0), ("ctm-children-events", 0), ("ctm-submissions", 1)]);
    let [bundle, delivery] = topology.nodes.as_slice() else { panic!("two processors") };
    assert_eq!((&*bundle.name, &*delivery.name), ("bundle", "delivery"));
    assert_eq!(bundle.output(SUBMISSIONS).unwrap().as_str(), "ctm-submissions");
    assert_eq!(delivery.output(OUTCOMES).unwrap().as_str(), "ctm-outcomes");
}

#[test]
fn a_topology_without_a_delivery_has_no_delivery_processor() {
    let mut spec = Spec::parse("control-m.yaml", DEFAULT).unwrap();
    spec.processors.retain(|processor| matches!(processor, Processor::Bundle(_)));
    let topology = spec.assemble("ctm", |_| None).unwrap();
    assert_eq!((topology.nodes.len(), topology.sources.len()), (1, 2));
}

#[test]
fn a_delivery_that_is_not_configured_is_refused_with_the_remedy() {
    let spec = Spec::parse("control-m.yaml", DEFAULT).unwrap();
    let error = spec.assemble("ctm", |_| None).unwrap_err();
    let (topology, service, setting) = ("control-m".to_owned(), "Control-M", "control_m.base_url");
    let (service, setting) = (service.to_owned(), setting.to_owned());
    assert_eq!(error, AssembleError::NoDelivery { topology, service, setting });
    assert!(error.to_string().contains("set `control_m.base_url`"));
}

#[test]
fn the_diagram_has_every_topic() {
    let expected = "\
topology control-m, application ctm

bundle

  ctm-parent-events   ─┐
  ctm-children-events ─┴─▶ ctm-bundle-inbox ─▶ [bundle] ─┬─▶ ctm-submissions       submissions
                                                         ├─▶ ctm-bundle-changelog  state
                                                         ├─▶ ctm-alerts            alerts
                                                         └─▶ ctm-dead-letters      dead letters

delivery

  ctm-submissions ────▶ ctm-delivery-inbox ─▶ [delivery] ─┬─▶ ctm-outcomes            outcomes
                                                          ├─▶ ctm-delivery-changelog  state
                                                          ├─▶ ctm-alerts              alerts
                                                          └─▶ ctm-dead-letters        dead letters
";
    let drawn = describe(&default_topology(), "ctm");
    assert_eq!(drawn, expected, "\n{drawn}");
}

#[test]
fn followed_runs_are_a_processor_that_reads_the_outcomes() {
    let file = DEFAULT.replace("retention_days: 14", "retention_days: 14, track: true");
    let topology = Spec::parse("control-m.yaml", &file).unwrap().assemble("ctm", |_| Some(delivery())).unwrap();
    let sources: Vec<_> = topology.sources.iter().map(|source| (source.topic.as_str(), source.node)).collect();
    assert_eq!(sources.last(), Some(&("ctm-outcomes", 2)));
    assert_eq!(topology.nodes[2].name.as_ref(), "tracking");
    assert_eq!(topology.nodes[2].output("runs").unwrap().as_str(), "ctm-runs");
}
