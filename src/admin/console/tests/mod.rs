//! The pages over an API that answers with hostile texts in every field.

use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::any;
use axum::{Json, Router};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::router;

mod flow;

const HOSTILE: &str = "\"><script>alert('x')</script>{{ 12345 * 6789 }}&";

/// The bodies of the commands that arrived.
type Commands = Arc<Mutex<Vec<Value>>>;

/// The commands of each processor.
fn specs() -> Value {
    let claim = json!({
        "name": "claim", "help": HOSTILE, "statuses": ["open"],
        "arguments": [
            { "name": "step", "help": HOSTILE, "required": true },
            { "name": "downstream", "help": HOSTILE, "choices": ["yes", "no"], "required": false },
        ],
    });
    let command = json!({
        "name": "extend", "help": HOSTILE, "statuses": ["open"], "dangerous": true,
        "arguments": [{ "name": "until", "help": HOSTILE, "required": true }],
    });
    let edit = json!({
        "name": "edit", "help": HOSTILE, "statuses": ["open"],
        "arguments": [{ "name": "value", "help": HOSTILE, "required": true }],
    });
    let resubmit = json!({
        "name": "resubmit", "help": HOSTILE, "statuses": ["failed"],
        "arguments": [{ "name": "submission", "help": HOSTILE, "required": true }],
    });
    let complete = json!({
        "name": "complete", "help": HOSTILE, "statuses": ["open"], "dangerous": true,
        "arguments": [
            { "name": "step", "help": HOSTILE, "required": true },
            { "name": "result", "help": HOSTILE, "required": false },
        ],
    });
    json!([command, edit, resubmit, claim, complete])
}

/// An API with one application, whose texts are all hostile, that asks for the token `secret`.
fn api(commands: &Commands) -> Router {
    let commands = Arc::clone(commands);
    let answer = move |request: Request| async move {
        let (parts, body) = request.into_parts();
        let token = parts.headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
        if token.as_deref() != Some("Bearer secret") {
            return (StatusCode::UNAUTHORIZED, Json(json!({ "detail": "no token" }))).into_response();
        }
        let path = parts.uri.path();
        let entry = json!({
            "key": HOSTILE, "status": ["open/waiting-child", HOSTILE], "at": HOSTILE, "due": "2026-03-01T02:15:00Z",
            "partition": 0, "instance": HOSTILE,
            "entry": {
                "missing": [HOSTILE], "deadlines": { HOSTILE: HOSTILE }, HOSTILE: HOSTILE, "content": HOSTILE.repeat(9),
                "timeline": [{ "at": HOSTILE, "what": HOSTILE, "source": HOSTILE }],
            },
            "content": {
                "request": { "method": HOSTILE, "path": HOSTILE, "headers": { HOSTILE: HOSTILE }, "body": HOSTILE },
                "answer": { "at": HOSTILE, "text": HOSTILE },
                "submission": HOSTILE,
                "record": {
                    "key": { "bytes": 9, "text": HOSTILE },
                    "headers": [{ "name": HOSTILE, "value": { "bytes": 9, "text": HOSTILE } }],
                    "value": { "bytes": 9, "text": json!({ HOSTILE: HOSTILE }).to_string() },
                },
                "records": [{
                    "at": HOSTILE, "kind": HOSTILE, "name": HOSTILE, "topic": HOSTILE, "partition": 0, "offset": 7, "bytes": 9,
                    "value": { "bytes": 9, "text": HOSTILE },
                }],
            },
        });
        let is_flow = path.contains("/flow/");
        let entry = if is_flow { flow::entry() } else { entry };
        let items = |items: Value| Json(json!({ "items": items, "next": HOSTILE }));
        if parts.method == "POST" {
            let body = to_bytes(body, 10_000).await.unwrap();
            commands.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            return Json(json!({ "before": ["open"], "after": [HOSTILE] })).into_response();
        }
        match path.rsplit('/').next().unwrap() {
            "applications" => items(json!([{ "id": "ctm", "topology": HOSTILE, "state": HOSTILE, "ready": true, "processors": ["bundle", "trace", "flow", HOSTILE] }])),
            "instances" => items(json!([{ "id": HOSTILE, "application": "ctm", "state": HOSTILE, "details": { HOSTILE: HOSTILE, "sink control_m": HOSTILE } }])),
            "counts" => Json(json!({
                "counts": { "open/waiting-child": 1_234_567, HOSTILE: 2, "held/PARCEL/01020304/<b>": 3 }, "total": 1_234_569,
                "incomplete": [{ "partition": 3, "reason": HOSTILE }],
            })),
            "audit" => items(json!([{
                "application": "ctm", "processor": HOSTILE, "key": HOSTILE, "name": HOSTILE, "arguments": { HOSTILE: HOSTILE },
                "by": HOSTILE, "why": HOSTILE, "at": HOSTILE, "verdict": "rejected", "detail": HOSTILE, "before": [], "after": [],
            }])),
            "definitions" => items(json!([{ "application": "ctm", "name": "PARCEL", "definition": HOSTILE, "start": HOSTILE, "steps": 9 }, { "name": HOSTILE }])),
            "picture" => return format!("<svg>{path}</svg>").into_response(),
            "entries" => items(json!([entry])),
            "commands" => items(specs()),
            _ => Json(entry),
        }
        .into_response()
    };
    Router::new().fallback(any(answer))
}

fn console(commands: &Commands) -> Router {
    router(&api(commands), &api(commands), false)
}

async fn send(console: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let response = console.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    // What the templates escape more than they have to.
    (parts.status, parts.headers, text.replace("&#x2f;", "/"))
}

async fn get(console: &Router, path: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::get(path).header("cookie", "sheaf-token=secret").body(Body::empty()).unwrap();
    send(console, request).await
}

const PAGES: [&str; 16] = [
    "/",
    "/audit?processor=%22%3E%3Cscript%3E&key=%3Cscript%3E&command=%3Cscript%3E&by=%3Cscript%3E&since=%3Cscript%3E",
    "/entries/ctm/bundle?status=%3Cscript%3E&text=%22%3E%3Cscript%3E&until=%3Cscript%3E",
    "/entries/ctm/bundle/entry?key=%22%3E%3Cscript%3E&sent=%3Cscript%3E&result=%3Cscript%3E",
    "/entries/ctm/bundle/command?name=extend&key=%22%3E%3Cscript%3E",
    "/dead-letters/ctm?status=%3Cscript%3E",
    "/dead-letters/ctm/letter?key=%22%3E%3Cscript%3E",
    "/entries/ctm/dead-letter/command?name=edit&key=%22%3E%3Cscript%3E",
    "/traces/%22%3E%3Cscript%3E",
    "/login?to=%22%3E%3Cscript%3E",
    "/entries/ctm/flow?status=%3Cscript%3E",
    "/entries/ctm/flow/entry?key=%22%3E%3Cscript%3E",
    "/entries/ctm/flow/command?name=claim&key=%22%3E%3Cscript%3E&step=%22%3E%3Cscript%3E",
    "/flows?application=%22%3E%3Cscript%3E",
    "/flows/%22%3E%3Cscript%3E",
    "/flows/tasks?role=%22%3E%3Cscript%3E&person=%3Cscript%3E&cursor=%3Cscript%3E",
];

#[tokio::test]
async fn no_text_becomes_markup() {
    let console = console(&Commands::default());
    for path in PAGES {
        let (status, headers, page) = get(&console, path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {page}");
        let scripts = page.matches("<script").count();
        assert_eq!(scripts, page.matches("<script src=\"/console/assets/").count(), "{path}: {page}");
        assert!(!page.contains("83810205"), "{path}: an expression in a text is evaluated: {page}");
        assert!(!page.contains("style=") && !page.contains("onclick"), "{path}: nothing that the policy forbids");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn numbers_missing_partitions_and_the_commands_of_the_status_are_shown() {
    let console = console(&Commands::default());
    let (.., overview) = get(&console, "/").await;
    assert!(overview.contains("1\u{202f}234\u{202f}567") && overview.contains("partition 3"), "{overview}");
    assert!(overview.contains("Sink control_m takes nothing"), "{overview}");
    let (.., list) = get(&console, "/entries/ctm/bundle?status=open").await;
    assert!(list.contains("waits for") && list.contains("rel=\"next\""), "{list}");
    let (.., entry) = get(&console, "/entries/ctm/bundle/entry?key=k").await;
    assert!(entry.contains("/entries/ctm/bundle/command?name=extend&amp;key=k"), "{entry}");
    assert!(entry.contains("Body, as rendered") && entry.contains("Latest answer"), "{entry}");
}

#[tokio::test]
async fn a_trace_has_an_address_of_its_own_and_is_followed() {
    let console = console(&Commands::default());
    let (status, _, page) = get(&console, "/traces/o%2F1").await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(page.contains("sse-connect=\"/console/live?application=ctm&amp;processor=trace&amp;key=o%2F1\""), "{page}");
    assert!(page.contains("hx-get=\"/entries/ctm/trace/entry?key=o%2F1\""), "{page}");
    assert!(page.contains("class=\"badge") && page.contains("-0@7") && page.contains("9 bytes"), "{page}");
    let (.., other) = get(&console, "/entries/ctm/trace/entry?key=o%2F1").await;
    assert!(other.contains("class=\"badge"), "{other}");
}

#[tokio::test]
async fn commands_so_far_are_shown_with_their_entries_and_on_the_page_of_one() {
    let console = console(&Commands::default());
    let (.., all) = get(&console, "/audit?by=ann").await;
    assert!(all.contains("href=\"/entries/ctm/") && all.contains("by=ann&amp;cursor="), "{all}");
    let (.., entry) = get(&console, "/entries/ctm/bundle/entry?key=k").await;
    assert!(entry.contains("Commands so far") && entry.contains("rejected</strong>"), "{entry}");
    assert!(entry.contains("/audit?application=ctm&amp;processor=bundle&amp;key=k"), "{entry}");
    let update = Request::get("/entries/ctm/bundle/entry?key=k").header("cookie", "sheaf-token=secret");
    let (.., update) = send(&console, update.header("hx-request", "true").body(Body::empty()).unwrap()).await;
    assert!(
        update.contains("id=\"live\"") && !update.contains("Commands so far"),
        "an update costs no reading of the topic"
    );
}

#[tokio::test]
async fn who_has_no_token_signs_in_and_comes_back() {
    let console = console(&Commands::default());
    let request = Request::get("/entries/ctm/bundle?status=open").body(Body::empty()).unwrap();
    let (status, headers, _) = send(&console, request).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let location = headers["location"].to_str().unwrap();
    assert_eq!(location, "/login?to=%2Fentries%2Fctm%2Fbundle%3Fstatus%3Dopen");

    let (_, headers, page) = send(&console, Request::get(location).body(Body::empty()).unwrap()).await;
    let cookie = headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let csrf = cookie.split_once('=').unwrap().1.to_owned();
    assert!(page.contains(&format!("value=\"{csrf}\"")), "{page}");
    let sign_in = |token: &str| {
        let form = format!("csrf={csrf}&to=%2Fentries%2Fctm%2Fbundle&token={token}");
        Request::post("/login").header("cookie", &cookie).header("content-type", FORM).body(Body::from(form)).unwrap()
    };
    let (status, headers, page) = send(&console, sign_in("wrong")).await;
    assert_eq!((status, headers.get("set-cookie")), (StatusCode::UNAUTHORIZED, None), "{page}");
    let (status, headers, _) = send(&console, sign_in("secret")).await;
    assert_eq!((status, headers["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/entries/ctm/bundle"));
    let token = headers["set-cookie"].to_str().unwrap();
    assert!(token.starts_with("sheaf-token=secret;"), "{token}");
    assert!(token.contains("HttpOnly") && token.contains("SameSite=Strict"), "{token}");
}

/// A page with a form, the cookie that it sets, and the token of the form.
async fn form(console: &Router, path: &str) -> (String, String, String) {
    let (_, headers, page) = get(console, path).await;
    let cookie = headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let csrf = cookie.split_once('=').unwrap().1.to_owned();
    (page, cookie, csrf)
}

/// Sends a form.
async fn post(console: &Router, path: &str, (cookie, form): (&str, String)) -> (StatusCode, HeaderMap, String) {
    let request = Request::post(path)
        .header("cookie", format!("{cookie}; sheaf-token=secret"))
        .header("content-type", FORM)
        .body(Body::from(form))
        .unwrap();
    send(console, request).await
}

#[tokio::test]
async fn a_dead_letter_is_edited_as_json_and_shown_with_its_bytes() {
    let commands = Commands::default();
    let console = console(&commands);
    let (.., list) = get(&console, "/dead-letters/ctm").await;
    assert!(list.contains("/dead-letters/ctm/letter?key=") && list.contains("that are open"), "{list}");
    let (.., letter) = get(&console, "/dead-letters/ctm/letter?key=orders-3%4017").await;
    let edit = "/entries/ctm/dead-letter/command?name=edit&amp;key=orders-3%4017";
    assert!(letter.contains(edit) && letter.contains("00000000  7b 22") && letter.contains("Decoded"), "{letter}");

    let (page, cookie, csrf) = form(&console, &edit.replace("&amp;", "&")).await;
    let filled = page.split("<textarea").nth(1).unwrap().split_once(">\n{").unwrap().1;
    assert!(filled.starts_with("&quot;"), "the value stands in the form: {filled}");
    let send = async |value: &str| {
        let form = format!("csrf={csrf}&id=7&key=orders-3%4017&name=edit&why=a+typo&argument.value={value}");
        post(&console, "/entries/ctm/dead-letter/command", (&cookie, form)).await
    };
    let (status, _, page) = send("%7B%0D%0A%3Cscript%3E").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("and this one is not") && page.contains(">\n{\r\n&lt;script&gt;</textarea>"), "{page}");
    assert_eq!(commands.lock().unwrap().len(), 0);
    let (status, headers, _) = send("%7B%0D%0A%22a%22%3A1%7D").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(headers["location"].to_str().unwrap().starts_with("/dead-letters/ctm/letter?key=orders-3%4017&sent=edit"));
    let expected = json!({ "id": "7", "why": "a typo", "arguments": { "value": "{\n\"a\":1}" } });
    assert_eq!(*commands.lock().unwrap(), [expected]);
}

#[tokio::test]
async fn a_form_has_what_the_entry_has_of_its_arguments() {
    let console = console(&Commands::default());
    let (.., page) = get(&console, "/entries/ctm/delivery/command?name=resubmit&key=k").await;
    let (_, filled) = page.split_once("id=\"argument-submission\"").expect("its field");
    assert!(filled.split_once(">\n").expect("its text").1.starts_with("&quot;&gt;&lt;script&gt;"), "{page}");
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn a_command_is_sent_once_by_its_own_form_only() {
    let commands = Commands::default();
    let console = console(&commands);
    let (page, cookie, csrf) = form(&console, "/entries/ctm/bundle/command?name=extend&key=k").await;
    let id = page.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(id.len(), 36, "{page}");
    assert!(page.contains("name=\"argument.until\" value=\"\""), "an argument without a value is empty: {page}");
    assert!(page.contains("name=\"why\" value=\"\""), "{page}");
    let send = async |csrf: &str| {
        let form = format!("csrf={csrf}&id={id}&key=k&name=extend&why=late&argument.until=2026-03-02T00%3A00%3A00Z");
        post(&console, "/entries/ctm/bundle/command", (&cookie, form)).await
    };
    assert_eq!(send("").await.0, StatusCode::FORBIDDEN);
    assert_eq!(commands.lock().unwrap().len(), 0);
    let (status, headers, _) = send(&csrf).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(
        headers["location"]
            .to_str()
            .unwrap()
            .contains("&sent=extend&result=accepted%2C%20open%20is%20now%20%22%3E%3Cscript")
    );
    let expected = json!({ "id": id, "why": "late", "arguments": { "until": "2026-03-02T00:00:00Z" } });
    assert_eq!(*commands.lock().unwrap(), [expected]);
}

#[tokio::test]
async fn style_and_scripts_are_served_under_the_names_that_pages_have() {
    let console = console(&Commands::default());
    let (.., page) = get(&console, "/login").await;
    let names: Vec<&str> = page.split("/console/assets/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(names.len(), 4);
    for name in names {
        let (status, headers, _) = get(&console, &format!("/console/assets/{name}")).await;
        assert_eq!(status, StatusCode::OK, "{name}");
        assert!(headers["cache-control"].to_str().unwrap().contains("immutable"));
    }
    assert_eq!(get(&console, "/console/assets/..%2f..%2fCargo.toml").await.0, StatusCode::NOT_FOUND);
}
