//! The verifier finds each kind of fault.

use std::collections::BTreeMap;

use serde_json::json;

use super::audit::Audit;
use super::ledger::Ledger;

const ID: &str = "00000000-0000-4000-8000-000000000001";

/// The outputs of one bundle: their numbers and content.
struct Outputs {
    children: u64,
    submissions: usize,
    content: &'static str,
    outcomes: usize,
    submits: u64,
}

const CORRECT: Outputs = Outputs { children: 2, submissions: 1, content: "two", outcomes: 1, submits: 1 };

fn audit_of(outputs: &Outputs) -> Audit {
    let mut ledger = Ledger::default();
    enter(&mut ledger, outputs);
    ledger.audit(&folders(outputs))
}

fn folders(outputs: &Outputs) -> BTreeMap<String, u64> {
    let folders = [(format!("folder-{ID}"), outputs.submits)];
    folders.into_iter().filter(|(_, submits)| *submits > 0).collect()
}

fn enter(ledger: &mut Ledger, outputs: &Outputs) {
    let child = |at: u64, data: &str| json!({ "id": at, "parent_id": ID, "position": at, "data": data });
    let parent = json!({ "id": ID, "children": 2 });
    let submission =
        json!({ "bundle_id": ID, "parent": parent, "children": [child(1, "one"), child(2, outputs.content)] });
    let outcome = json!({ "bundle_id": ID, "outcome": "submitted" });
    for _ in 0..outputs.submissions {
        ledger.submission(Some(ID.as_bytes()), submission.to_string().as_bytes(), (0, 20));
    }
    for _ in 0..outputs.outcomes {
        ledger.outcome(Some(ID.as_bytes()), outcome.to_string().as_bytes());
    }
    ledger.parent(parent.to_string().as_bytes(), 5);
    ledger.child(child(2, "two").to_string().as_bytes(), 7);
    if outputs.children > 1 {
        ledger.child(child(1, "one").to_string().as_bytes(), 9);
    }
}

#[test]
fn a_complete_bundle_with_one_submission_is_settled() {
    let mut ledger = Ledger::default();
    enter(&mut ledger, &CORRECT);
    let checked = ledger.take_checked();
    assert_eq!(checked.iter().map(|checked| checked.complete_at_ms).collect::<Vec<_>>(), [9]);
    let audit = ledger.audit(&folders(&CORRECT));
    assert!(audit.is_correct(), "{audit:?}");
    assert_eq!((audit.settled, audit.open), (1, 0));
    assert_eq!(ledger.pending(), 0);
}

#[test]
fn an_incomplete_bundle_is_open_and_has_no_outputs() {
    let audit = audit_of(&Outputs { children: 1, submissions: 0, outcomes: 0, submits: 0, ..CORRECT });
    assert!(audit.is_correct() && audit.open == 1, "{audit:?}");
    let audit = audit_of(&Outputs { children: 1, ..CORRECT });
    assert_eq!((audit.early.len(), audit.is_correct()), (1, false), "{audit:?}");
}

#[test]
fn a_loss_is_found() {
    for outputs in [
        Outputs { submissions: 0, ..CORRECT },
        Outputs { outcomes: 0, ..CORRECT },
        Outputs { submits: 0, ..CORRECT },
        Outputs { submissions: 0, outcomes: 0, submits: 0, ..CORRECT },
    ] {
        let audit = audit_of(&outputs);
        assert_eq!((audit.lost.len(), audit.is_correct()), (1, false), "{audit:?}");
    }
}

#[test]
fn a_duplicate_is_found() {
    for outputs in
        [Outputs { submissions: 2, ..CORRECT }, Outputs { outcomes: 2, ..CORRECT }, Outputs { submits: 2, ..CORRECT }]
    {
        let audit = audit_of(&outputs);
        assert_eq!((audit.doubled, audit.is_correct()), (1, false), "{audit:?}");
    }
}

#[test]
fn a_duplicate_after_settling_is_found() {
    let mut ledger = Ledger::default();
    enter(&mut ledger, &CORRECT);
    ledger.audit(&folders(&CORRECT)).assert_correct();
    assert!(ledger.audit(&BTreeMap::new()).is_correct(), "nothing new");
    enter(&mut ledger, &CORRECT);
    assert_eq!(ledger.audit(&folders(&CORRECT)).doubled, 3, "a submission, an outcome, a folder");
}

#[test]
fn other_content_and_other_topics_are_found() {
    let audit = audit_of(&Outputs { content: "other", ..CORRECT });
    assert_eq!((audit.wrong.len(), audit.is_correct()), (1, false), "{audit:?}");
    let mut ledger = Ledger::default();
    ledger.dead_letter(None, b"x");
    ledger.alert(Some(ID.as_bytes()), br#"{"kind":"late"}"#);
    let audit = ledger.audit(&BTreeMap::from([("other".to_owned(), 1)]));
    assert_eq!((audit.dead_letters, audit.alerts.len(), audit.wrong.len()), (1, 1, 1), "{audit:?}");
    assert!(!audit.is_correct());
}
