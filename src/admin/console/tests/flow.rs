//! The pages of flows.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Commands, HOSTILE, console, form, get, post};

/// A flow that is at two tasks of people.
pub(super) fn entry() -> Value {
    let wait = |step: &str, role: &str, person: Value| json!({ "step": step, "status": "active", "since": HOSTILE, "human": true, "role": role, "person": person, "reason": HOSTILE });
    let mut seal = wait("PACK/seal", "packer", Value::Null);
    seal["form"] = json!({
        "properties": { "weight": { "type": "number", "title": HOSTILE, "description": HOSTILE }, "box": { "enum": [HOSTILE, "small"] } },
        "required": ["weight"],
    });
    seal["form_fields"] = json!(["weight", "box", HOSTILE]);
    let step = |step: &str, status: &str| json!({ "step": step, "status": status, "attempt": 1, "reason": HOSTILE, "since": HOSTILE, "due": HOSTILE, "late_at": HOSTILE });
    json!({
        "key": HOSTILE, "status": ["open/running", HOSTILE], "at": HOSTILE, "partition": 0, "instance": HOSTILE,
        "entry": {
            "key": HOSTILE, "status": "open/running", "flow": HOSTILE, "ending": null, "version": 7, "stages": [HOSTILE],
            "at_steps": ["PACK/seal", HOSTILE],
            "waits_for": [seal, wait(HOSTILE, HOSTILE, json!(HOSTILE))],
            "steps": [step("PAY", "done"), step("PACK/seal", "active"), step(HOSTILE, "waiting")],
        },
        "content": { "start": { HOSTILE: HOSTILE }, "results": { HOSTILE: HOSTILE } },
    })
}

#[tokio::test]
async fn a_flow_has_its_steps_and_what_it_waits_for_with_commands() {
    let console = console(&Commands::default());
    let (.., page) = get(&console, "/entries/ctm/flow/entry?key=o-1").await;
    assert!(page.contains("waits for PACK/seal, by a packer; waits for "), "{page}");
    assert!(page.contains("<td class=\"good\">✓</td><td>PAY</td>"), "{page}");
    assert!(page.contains("href=\"/entries/ctm/flow/command?name=claim&amp;key=o-1&amp;step=PACK%2Fseal\""), "{page}");
    assert!(page.contains("Begun with") && page.contains("Results of its steps"), "{page}");
}

#[tokio::test]
async fn the_form_of_a_command_to_a_flow_has_the_steps_that_it_may_be_for() {
    let console = console(&Commands::default());
    let select = async |step: &str| {
        let (.., page) = get(&console, &format!("/entries/ctm/flow/command?name=claim&key=o-1{step}")).await;
        let (_, select) = page.split_once("name=\"argument.step\" required>").expect("a list of steps");
        assert!(
            page.contains("name=\"argument.downstream\"><option value=\"\"></option>"),
            "nothing is chosen by itself"
        );
        select.split_once("</select>").unwrap().0.to_owned()
    };
    let open = select("").await;
    assert!(open.starts_with("<option value=\"\"></option><option>PACK/seal</option><option>&quot;&gt;"), "{open}");
    let chosen = select("&step=PACK%2Fseal").await;
    assert!(chosen.starts_with("<option selected>PACK/seal</option>"), "{chosen}");
    let gone = select("&step=PAY").await;
    assert!(gone.starts_with("<option value=\"\">"), "one that is over gives place to none: {gone}");
}

#[tokio::test]
async fn the_tasks_of_people_are_listed_by_role_and_person() {
    let console = console(&Commands::default());
    let tasks = async |filter: &str| get(&console, &format!("/flows/tasks?{filter}")).await.2;
    let all = tasks("").await;
    assert_eq!(all.matches("<tr data-row>").count(), 2, "{all}");
    assert!(all.contains("name=claim&amp;key=") && all.contains("name=complete&amp;key="), "{all}");
    assert!(all.contains("<option>packer</option>") && all.contains("rel=\"next\""), "{all}");
    let packers = tasks("role=packer").await;
    assert_eq!(packers.matches("<tr data-row>").count(), 1, "{packers}");
    assert!(packers.contains("<option selected>packer</option>"), "{packers}");
    let nobody = tasks("person=ann").await;
    assert!(nobody.contains("Nobody has to do anything of this role and person"), "{nobody}");
}

#[tokio::test]
async fn a_definition_has_a_picture_and_the_flows_at_its_steps() {
    let console = console(&Commands::default());
    let (.., list) = get(&console, "/flows").await;
    assert!(list.contains("href=\"/flows/PARCEL?application=ctm\""), "{list}");
    let (.., page) = get(&console, "/flows/PARCEL").await;
    let (_, picture) = page.split_once("<img src=\"").expect("a picture");
    let picture = picture.split_once('"').unwrap().0.replace("&amp;", "&");
    assert!(picture.starts_with("/flows/PARCEL/picture?application=ctm&v="), "{picture}");
    assert!(page.contains("href=\"/entries/ctm/flow?status=open\""), "{page}");
    let (status, headers, text) = get(&console, &picture).await;
    assert_eq!((status, text.as_str()), (StatusCode::OK, "<svg>/api/v1/flow/definitions/PARCEL/picture</svg>"));
    assert_eq!(headers["content-type"], "image/svg+xml");
    assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'; style-src"));
    let (.., gone) = get(&console, "/flows/GONE").await;
    assert!(!gone.contains("<img") && gone.contains("no such definition"), "{gone}");
}

#[tokio::test]
async fn a_flow_has_a_picture_of_its_own_definition() {
    let console = console(&Commands::default());
    let (.., page) = get(&console, "/entries/ctm/flow/entry?key=o%2F1").await;
    assert!(page.contains("<img src=\"/entries/ctm/flow/picture?key=o%2F1&amp;v=7\""), "{page}");
    let (.., text) = get(&console, "/entries/ctm/flow/picture?key=o%2F1").await;
    assert_eq!(text, "<svg>/api/v1/flow/entries/o%2F1/picture</svg>");
}

#[tokio::test]
async fn a_definition_named_as_the_tasks_of_people_has_a_page_too() {
    let console = console(&Commands::default());
    let path = super::super::link::flow("ctm", "tasks");
    let (.., page) = get(&console, &path).await;
    assert!(page.contains("<h1>tasks</h1>"), "{path}: {page}");
}

#[tokio::test]
async fn a_task_with_a_form_has_its_fields_and_their_values_are_the_result() {
    let commands = Commands::default();
    let console = console(&commands);
    let path = "/entries/ctm/flow/command?name=complete&key=o-1&step=PACK%2Fseal";
    let (page, cookie, csrf) = form(&console, path).await;
    assert!(page.contains("<option selected>PACK/seal</option></select>"), "no other step: {page}");
    assert!(page.contains("name=\"field.weight\" type=\"number\" value=\"\" step=\"any\" required>"), "{page}");
    assert!(page.contains("<option>small</option>") && !page.contains("name=\"argument.result\""), "{page}");
    let (.., other) = get(&console, "/entries/ctm/flow/command?name=complete&key=o-1").await;
    assert!(other.contains("name=\"argument.result\"") && !other.contains("name=\"field."), "of no step yet: {other}");
    let send = async |fields: &str| {
        let form = format!("csrf={csrf}&id=7&key=o-1&name=complete&argument.step=PACK%2Fseal&why=w&{fields}");
        post(&console, "/entries/ctm/flow/command", (&cookie, form)).await
    };
    let (status, _, refused) = send("field.weight=heavy&field.box=small").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.contains("`weight` is no number") && refused.contains("<option selected>small</option>"),
        "{refused}"
    );
    let (status, ..) = send("field.weight=2.50&field.box=small").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let arrived = commands.lock().unwrap();
    let arguments = json!({ "step": "PACK/seal", "result": r#"{"box":"small","weight":2.50}"# });
    assert_eq!((arrived.len(), &arrived[0]["arguments"]), (1, &arguments));
}
