//! The rules of a folder that is made while its bundle is incomplete.

use std::collections::BTreeSet;

use super::found;
use crate::processor::delivery::control_m::jobs_as_code::Waiting;

/// The rules that are tested here.
pub(super) const TESTED: [&str; 3] = ["signal_wait", "signal_keep", "signal_leak"];

/// A folder with a job that waits for `e` and one that deletes it.
const GOOD: &str = r#"{"f": {"Type": "Folder", "ControlmServer": "s", "DaysKeepActive": "14",
    "a": {"Type": "Job:Dummy", "w": {"Type": "WaitForEvents", "Events": [{"Event": "e", "Date": "NoDate"}]},
          "d": {"Type": "DeleteEvents", "Events": [{"Event": "e", "Date": "NoDate"}]}}}}"#;

#[test]
fn a_folder_waits_for_each_event_of_its_bundle_until_that_expires() {
    let signals = ["e".to_owned()];
    let broken = |definition: &str| {
        assert_ne!(definition, GOOD);
        found(definition, Waiting { signals: &signals, days: 14 })
    };
    assert_eq!(found(GOOD, Waiting { signals: &signals, days: 14 }), BTreeSet::new());
    let at = |rule, pointer: &str| BTreeSet::from([(rule, pointer.to_owned())]);
    let forever = GOOD.replace("\"14\"", "\"Forever\"");
    assert_eq!(broken(&forever), BTreeSet::new());
    assert_eq!(broken(&GOOD.replace("\"14\"", "\"13\"")), at("signal_keep", "/f/a"));
    let undeleted = GOOD.replace("DeleteEvents", "AddEvents").replace("NoDate\"}]}}}}", "OrderDate\"}]}}}}");
    assert_eq!(broken(&undeleted), at("signal_leak", ""));
    let deleting = GOOD.replace("WaitForEvents", "DeleteEvents");
    assert_eq!(broken(&deleting), at("signal_wait", ""), "the work would begin without it");
    let dated = GOOD.replacen("NoDate", "OrderDate", 1);
    let expected = [("event_producer", "/f/a/w".to_owned()), ("signal_wait", String::new())];
    assert_eq!(broken(&dated), BTreeSet::from(expected), "it is added without a date");
}
