//! The example template `templates/bundle.json`, rendered for bundles of every size.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};
use sheaf::model::{ActSlot, Key, Moment, Outcome, Timer, Timestamp, Verdict};
use sheaf::processor::delivery::control_m::{FOLDER_CHARS_MAX, Folders, Request};
use sheaf::processor::delivery::{Delivery, Journal, TIMER};
use sheaf::processor::{Effect, Input, Processor, Transition};
use sheaf::template::Template;

use super::{delivery, settings, submission, submitted};

const BUNDLE: &str = "0190c7a4-5b1e-4c5e-9d3e-1f2a3b4c5d6e";

/// The folder of a bundle by the example template.
fn folder(children: usize) -> Map<String, Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/bundle.json");
    let delivery = delivery(&std::fs::read_to_string(path).unwrap());
    let key = Key::new(BUNDLE);
    let input = submitted(&key, &submission(BUNDLE, children));
    let effects = delivery.step(&key, None, input, Moment::at(Timestamp::from_millis(0))).unwrap().effects;
    let Some(Effect::Act(act)) = effects.first() else { panic!("{effects:?}") };
    let Request::Submit { folder, definition } = serde_json::from_str(&act.request).unwrap() else { panic!() };
    let mut definition: Map<String, Value> = serde_json::from_str(&definition).unwrap();
    assert_eq!(definition.len(), 1, "one folder only");
    let Some(Value::Object(found)) = definition.remove(&folder) else { panic!("no {folder}") };
    found
}

fn jobs(folder: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    folder.iter().filter(|(_, value)| value["Type"].as_str().is_some_and(|kind| kind.starts_with("Job:")))
}

fn events(job: &Value, kind: &str) -> BTreeSet<String> {
    let lists = job.as_object().unwrap().values().filter(|value| value["Type"] == kind);
    let events = lists.flat_map(|list| list["Events"].as_array().unwrap());
    events.map(|event| event["Event"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_folder_has_a_job_for_each_member_and_the_work_waits_for_all() {
    for children in [1, 2, 3, 12, 98] {
        let folder = folder(children);
        let mut expected: BTreeSet<String> = (1..=children).map(|n| format!("child-{n}-{BUNDLE}")).collect();
        expected.extend(["prnt", "appl", "service"].map(|name| format!("{name}-{BUNDLE}")));
        assert_eq!(jobs(&folder).map(|(name, _)| name.clone()).collect::<BTreeSet<_>>(), expected);

        let added: BTreeSet<String> = jobs(&folder).flat_map(|(_, job)| events(job, "AddEvents")).collect();
        let work = &folder[&format!("appl-{BUNDLE}")];
        assert_eq!(added.len(), children + 1);
        assert_eq!(events(work, "WaitForEvents"), added, "every event is waited for");
        assert_eq!(events(work, "DeleteEvents"), added, "every event is deleted");
    }
}

#[test]
fn names_and_properties_are_what_control_m_accepts() {
    let folder = folder(98);
    for (name, job) in jobs(&folder) {
        assert!(name.chars().count() <= FOLDER_CHARS_MAX, "{name}");
        assert!(events(job, "WaitForEvents").len() <= 99, "Control-M takes 99 conditions at most");
    }
    assert_eq!(folder["ControlmServer"], "smprod");
    assert_eq!(folder["DaysKeepActive"], "14");
    assert_eq!(folder[&format!("service-{BUNDLE}")]["CompleteIn"]["Time"], "23:59");
    assert_eq!(folder[&format!("appl-{BUNDLE}")]["bundles"]["Type"], "Resource:Pool");
    assert_eq!(folder[&format!("appl-{BUNDLE}")]["ifNotOk"]["CompletionStatus"], "NOTOK");
    for job in folder["flow"]["Sequence"].as_array().unwrap() {
        assert!(folder.contains_key(job.as_str().unwrap()), "the flow names {job}");
    }
}

#[test]
fn a_replaced_template_is_used_by_later_submissions_and_not_by_a_retry() {
    let compile = |note: &str| {
        Template::compile(
            "t",
            &format!(
                r#"{{"{{{{ folder }}}}": {{"Type": "Folder", "j": {{"Type": "Job:Dummy", "Description": "{note}"}}}}}}"#
            ),
        )
        .unwrap()
    };
    let template = compile("first");
    let folders = Folders::new(template.clone(), "s");
    let delivery = Delivery::new(folders, settings());
    let request = |next: &Transition<Journal>| match next.effects.iter().find(|effect| matches!(effect, Effect::Act(_)))
    {
        Some(Effect::Act(act)) => act.request.clone(),
        _ => panic!("no act: {:?}", next.effects),
    };
    let submit = |id: &str, at| {
        let key = Key::new(id);
        delivery.step(&key, None, submitted(&key, &submission(id, 1)), Moment::at(at)).unwrap()
    };
    let (start, key) = (Timestamp::from_millis(0), Key::new("p1"));
    let mut next = submit("p1", start);
    let first = request(&next);
    assert!(first.contains("first"), "{first}");
    assert!(template.replace(&compile("second")));
    let refused = Verdict::NotSent("no connection".to_owned());
    let due = start.saturating_add(Duration::from_mins(1));
    for input in [
        Input::Outcome(Outcome { slot: ActSlot(0), attempt: 1, verdict: refused }),
        Input::Timer(Timer { kind: TIMER, due }),
    ] {
        next = delivery.step(&key, next.state, input, Moment::at(due)).unwrap();
    }
    assert_eq!(request(&next), first, "the text of an intent stays");
    let later = request(&submit("p2", due));
    assert!(later.contains("second"), "{later}");
}
