//! Definitions that change while flows run: a flow keeps the one with which it has begun.

use super::*;
use crate::processor::archive::{Archive, Texts};

/// The parcel with another last task.
fn newer() -> Definition {
    parse_template(&PARCEL.replace("ring_bell", "leave_at_door")).unwrap()
}

/// The texts of other instances, or why they cannot be read.
#[derive(Debug)]
struct Elsewhere(Texts, Option<&'static str>);

impl Archive for Elsewhere {
    fn find(&self, digest: &str) -> Result<Option<String>, String> {
        match self.1 {
            Some(error) => Err(error.to_owned()),
            None => Ok(self.0.get(digest).cloned()),
        }
    }
}

/// The newer definition, of an application whose topic has the texts of `known` at the start, and those of `later` afterwards.
fn with_archive(known: &[Definition], later: &[Definition], error: Option<&'static str>) -> Definitions {
    let texts = |definitions: &[Definition]| Definitions::new(definitions.iter().cloned()).texts();
    let compile: Compile = |_, _, text| parse_template(text).map_err(|mistakes| mistakes.to_string());
    let definitions = Definitions::new([newer()]).with_compiler(compile);
    assert!(definitions.learn(&texts(known), Arc::new(Elsewhere(texts(later), error))).is_empty());
    definitions
}

/// A flow of the former definition, taken up by an instance with these definitions.
fn taken_up(definitions: Definitions) -> Bench {
    let former = Bench::parcel();
    let mut bench = Bench::of(Flows::new(settings(), definitions));
    bench.flow = former.flow;
    bench
}

fn finish(bench: &mut Bench) {
    for task in ["PAY/charge_card", "PACK/pick_items", "PACK/print_label", "PACK/seal_box"] {
        bench.completed(task);
    }
    assert_eq!(bench.topics(), ["ring_bell_queue"], "as its own definition says");
    bench.completed("HAND_OVER/ring_bell");
    assert_eq!(bench.topics(), ["flows"]);
}

#[test]
fn a_flow_goes_on_by_the_definition_with_which_it_has_begun() {
    let mut bench = taken_up(with_archive(&[parcel()], &[], None));
    let listed = bench.listed();
    assert!(listed[1].contains(&format!("/{:08x}/", parcel().digest.number())), "{listed:?}");
    finish(&mut bench);
    bench.send(r#"{"business_ref_no":"P-001","component_name":"PARCEL","event_name":"StartWorkflow","restart":true}"#);
    assert!(bench.statuses().ends_with("leave_at_door=PENDING"), "a restart is by the newest");
    assert_eq!(bench.flow.as_ref().unwrap().facts.definition, newer().digest);
}

#[test]
fn a_definition_that_another_instance_has_read_is_looked_up_once() {
    let mut bench = taken_up(with_archive(&[], &[parcel()], None));
    assert_eq!(bench.listed(), ["open/running"], "without a look-up the step is not known");
    assert!(bench.show().get("stages").is_none());
    bench.completed("PAY/charge_card");
    assert_eq!(bench.listed().len(), 2);
    assert!(bench.statuses().contains("PACK=ACTIVE"));
}

#[test]
fn a_flow_whose_definition_is_not_known_is_not_touched() {
    let digest = parcel().digest.to_string();
    for (definitions, words) in [
        (Definitions::new([newer()]), "is not known here"),
        (with_archive(&[], &[], None), "is not in the definitions topic of the application"),
        (with_archive(&[], &[], Some("no broker")), "could not be read: no broker"),
    ] {
        let mut bench = taken_up(definitions);
        let before = bench.flow.clone();
        let completed = bench.try_send(&task_message("TaskCompleted", "PAY/charge_card"));
        let commanded = bench.try_command("cancel", &[]);
        for reject in [completed.unwrap_err(), commanded.unwrap_err()] {
            assert_eq!(reject.reason, RejectReason::Unreadable);
            assert_eq!(reject.detail, format!("the definition {digest} with which the flow has begun {words}"));
        }
        assert_eq!(bench.flow, before);
    }
}

#[test]
fn a_state_that_has_other_steps_than_its_definition_is_not_touched() {
    let mut bench = Bench::parcel();
    let facts = bench.flow.take().unwrap().facts;
    let smaller = parse_template(r#"{"component_name":"C","stages":[{"stage_name":"S","stage_order":1}]}"#).unwrap();
    bench.flow = Some(Flow { progress: Progress::new(&smaller.graph, bench.now), facts });
    let reject = bench.try_send(&task_message("TaskCompleted", "PAY/charge_card")).unwrap_err();
    assert_eq!(reject.reason, RejectReason::Unreadable);
    assert_eq!(bench.listed(), ["open/running"]);
    assert!(bench.show().get("stages").is_none());
}
