//! The documents: well-formed XML, and BPMN whose references lead somewhere.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{chance, sample};
use crate::processor::flow::{Definition, StepId};
use crate::topology::diagram::{Count, Counts, bpmn, mermaid, svg};

const SEEDS: u64 = 150;

/// An element of a document.
#[derive(Debug)]
struct Found {
    name: String,
    attributes: BTreeMap<String, String>,
    /// The id of the element around it.
    parent: String,
    text: String,
}

impl Found {
    fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

/// All elements of a document, which must be well-formed.
fn elements(document: &str) -> Vec<Found> {
    let mut reader = Reader::from_str(document);
    reader.config_mut().check_end_names = true;
    let mut found: Vec<Found> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let read = |start: &BytesStart<'_>, parent: String| {
        let attributes = start.attributes().map(|attribute| {
            let attribute = attribute.unwrap();
            let value = quick_xml::escape::unescape(attribute.value.as_ref()).unwrap().into_owned();
            (attribute.key.as_ref().to_owned(), value)
        });
        Found { name: start.name().as_ref().to_owned(), attributes: attributes.collect(), parent, text: String::new() }
    };
    loop {
        let parent = open.last().map(|index| found[*index].get("id").to_owned()).unwrap_or_default();
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                open.push(found.len());
                found.push(read(&start, parent));
            }
            Event::Empty(start) => found.push(read(&start, parent)),
            Event::End(_) => drop(open.pop().unwrap()),
            Event::Text(text) => {
                if let Some(index) = open.last() {
                    found[*index].text.push_str(text.as_ref());
                }
            }
            Event::Eof => break,
            Event::Decl(_)
            | Event::GeneralRef(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::PI(_)
            | Event::DocType(_) => {}
        }
    }
    assert!(open.is_empty(), "elements are open at the end");
    assert!(document.chars().all(|next| next >= ' ' || next == '\n'), "a character that XML has no place for");
    found
}

/// Checks a BPMN document.
fn check(definition: &Definition, what: &str) {
    let found = elements(&bpmn(definition));
    let mut by_id: BTreeMap<&str, &Found> = BTreeMap::new();
    for element in found.iter().filter(|element| !element.get("id").is_empty()) {
        assert!(by_id.insert(element.get("id"), element).is_none(), "{what}: {element:?} has the id of another");
    }
    for attribute in ["sourceRef", "targetRef", "attachedToRef", "default", "errorRef", "messageRef", "bpmnElement"] {
        for element in found.iter().filter(|element| element.attributes.contains_key(attribute)) {
            assert!(by_id.contains_key(element.get(attribute)), "{what}: {attribute} of {element:?} leads nowhere");
        }
    }
    let (mut leaving, mut reached) = (BTreeSet::new(), BTreeSet::new());
    for flow in found.iter().filter(|element| element.name == "bpmn:sequenceFlow") {
        for end in ["sourceRef", "targetRef"] {
            let end = by_id[flow.get(end)];
            assert_eq!(end.parent, flow.parent, "{what}: {flow:?} crosses the border of a process at {end:?}");
        }
        let (from, to) = (by_id[flow.get("sourceRef")], by_id[flow.get("targetRef")]);
        assert_ne!(from.name, "bpmn:endEvent", "{what}: {flow:?} leaves an end");
        assert!(!["bpmn:startEvent", "bpmn:boundaryEvent"].contains(&&*to.name), "{what}: {flow:?} leads to a start");
        leaving.insert((from.get("id"), flow.get("id")));
        reached.insert((to.get("id"), flow.get("id")));
    }
    for (tag, ends) in [("bpmn:outgoing", leaving), ("bpmn:incoming", reached)] {
        let told: BTreeSet<(&str, &str)> =
            found.iter().filter(|it| it.name == tag).map(|it| (it.parent.as_str(), it.text.as_str())).collect();
        assert_eq!(told, ends, "{what}: {tag}");
    }
    check_diagram(&found, what);
}

/// Each part of the process has one shape or line, with places.
fn check_diagram(found: &[Found], what: &str) {
    let drawn: BTreeSet<&str> = found.iter().map(|it| it.get("bpmnElement")).filter(|id| !id.is_empty()).collect();
    let is_drawn = |it: &&Found| {
        let is_part = ["Task", "task", "Event", "Gateway", "subProcess", "sequenceFlow", "association"];
        it.name.starts_with("bpmn:") && is_part.iter().any(|end| it.name.ends_with(end))
    };
    let parts: BTreeSet<&str> = found.iter().filter(is_drawn).map(|it| it.get("id")).collect();
    let mut wanted = parts;
    wanted.insert("Process");
    assert_eq!(drawn, wanted, "{what}: what is drawn");
    let joins = found.iter().filter(|it| it.name == "bpmn:parallelGateway");
    for gateway in joins {
        let count = |tag: &str| found.iter().filter(|it| it.name == tag && it.parent == gateway.get("id")).count();
        let (incoming, outgoing) = (count("bpmn:incoming"), count("bpmn:outgoing"));
        assert!(incoming > 1 || outgoing > 1, "{what}: {gateway:?} joins {incoming} and parts {outgoing}");
    }
}

#[test]
fn bpmn_of_the_samples_is_whole() {
    check(&sample::bicycle(), "bicycle");
    check(&sample::voyage(), "voyage");
}

#[test]
fn bpmn_of_any_flow_is_whole() {
    (0..SEEDS).for_each(|seed| check(&chance::definition(seed), &format!("seed {seed}")));
}

#[test]
fn svg_of_any_flow_is_well_formed() {
    for seed in 0..SEEDS {
        let definition = chance::definition(seed);
        let counts: Counts = definition
            .graph
            .steps()
            .map(|(id, _)| (id, Count { waiting: seed * 1_000, held: 1, failed: seed }))
            .collect();
        let document = svg(&definition, &counts);
        let found = elements(&document);
        assert!(found.iter().all(|it| it.name != "script" && !it.attributes.contains_key("href")), "seed {seed}");
        let titles = found.iter().filter(|it| it.name == "title").count();
        assert!(titles > definition.graph.len(), "seed {seed}: each step has a title");
    }
}

#[test]
fn nothing_in_a_name_is_markup() {
    let mut definition = sample::bicycle();
    definition.graph.step_mut(StepId(0)).name = "<script>alert(1)</script> \"]; end\n  click s0 \u{1}".into();
    assert!(!svg(&definition, &Counts::new()).contains("<script"));
    assert!(!bpmn(&definition).contains("<script"));
    let chart = mermaid(&definition);
    assert!(
        chart.contains("#60;script#62;") && !chart.lines().any(|line| line.trim_start().starts_with("click")),
        "{chart}"
    );
}

#[test]
fn counts_are_badges_and_zero_is_none() {
    let definition = sample::bicycle();
    let picture = |waiting, held| svg(&definition, &[(StepId(1), Count { waiting, held, failed: 0 })].into());
    let badges = |text: &str| text.matches("class=\"badge").count();
    assert_eq!([(0, 0), (5, 0), (0, 5), (5, 5)].map(|(waiting, held)| badges(&picture(waiting, held))), [0, 1, 1, 2]);
    assert!(picture(12_345, 0).contains(">12k<") && picture(12_345, 0).contains("12345 wait here, 0 are held"));
}
