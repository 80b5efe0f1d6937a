//! A command: the question whether it is meant, and sending it.

use std::collections::BTreeMap;

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use minijinja::{Value as View, context};
use serde::Deserialize;
use serde_json::Value;

use super::super::api::{Place, Refusal, field, items};
use super::super::session::Session;
use super::super::shared::Console;
use super::super::view::json;
use super::super::{flow, form, letter, link};
use crate::codec::percent_encode;
use crate::processor::dead_letter::DEAD_LETTER;
use crate::processor::dead_letter::commands::{EDIT, VALUE};
use crate::processor::flow::FLOW;
use crate::processor::flow::commands::{COMPLETE, RESULT, STEP};

/// An argument of this length or more is edited in several lines.
const LONG: [&str; 4] = ["value", "content", "submission", "result"];

/// The command and its entry.
#[derive(Clone, Debug, Deserialize)]
pub(in super::super) struct Parameters {
    key: String,
    name: String,
    /// The step of a flow that the form begins with.
    #[serde(default)]
    step: String,
}

/// A form, by the names of its fields.
type Fields = BTreeMap<String, String>;

/// The question.
pub(in super::super) async fn ask(
    State(console): State<Console>,
    Path((application, processor)): Path<(String, String)>,
    Query(Parameters { key, name, step }): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let session = console.session(&headers);
    let place = Place { application: &application, processor: &processor, key: &key };
    let here = match step.as_str() {
        "" => link::command(&application, &processor, (&key, &name)),
        step => link::command_at(&application, &processor, (&key, &name), step),
    };
    let fields = Fields::from([(format!("argument.{STEP}"), step)]);
    match page(&console, &session, (&place, &name), (&fields, None)).await {
        Ok(page) => console.views.page(&session, ("command.html", page)),
        Err(refusal) => console.views.problem(&session, &refusal, &here),
    }
}

/// Sends the command, and shows the entry; if it is refused, the form with the reason.
pub(in super::super) async fn send(
    State(console): State<Console>,
    Path((application, processor)): Path<(String, String)>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    let session = console.session(&headers);
    let sent = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let (key, name) = (sent("key"), sent("name"));
    let place = Place { application: &application, processor: &processor, key };
    let entry = link::entry(&application, &processor, key);
    if let Err(refusal) = session.check_form(sent("csrf")) {
        return console.views.problem(&session, &refusal, &entry);
    }
    let arguments = fields.iter().filter_map(|(name, value)| Some((name.strip_prefix("argument.")?, value)));
    let mut arguments: BTreeMap<&str, String> =
        arguments.filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, value.clone())).collect();
    let checked = check(&console, &session, (&place, name), (&fields, &mut arguments)).await;
    let body = serde_json::json!({ "id": sent("id"), "why": sent("why"), "arguments": arguments });
    let answer = match checked {
        Ok(()) => console.api.command(&session.caller, (&place, name), &body).await,
        Err(refusal) => Err(refusal),
    };
    let refused = match answer {
        Ok(audit) => {
            let statuses = |when: &str| {
                let names = field(&audit, when).as_array().into_iter().flatten().filter_map(Value::as_str);
                names.collect::<Vec<_>>().join(" ")
            };
            let (before, after) = (statuses("before"), statuses("after"));
            let result =
                if before == after { "accepted".to_owned() } else { format!("accepted, {before} is now {after}") };
            let to = format!("{entry}&sent={}&result={}", percent_encode(name), percent_encode(&result));
            return Redirect::to(&to).into_response();
        }
        Err(refusal) if refusal.status == StatusCode::UNAUTHORIZED => {
            return console.views.problem(&session, &refusal, &entry);
        }
        Err(refusal) => refusal,
    };
    match page(&console, &session, (&place, name), (&fields, Some(&refused.detail))).await {
        Ok(page) => console.views.page_of(&session, refused.status, ("command.html", page)),
        Err(refusal) => console.views.problem(&session, &refusal, &entry),
    }
}

/// Makes arguments of what a person has written: of a dead letter that is edited its value, without what the form of a browser has done to it; of
/// the form of a task its result.
async fn check(
    console: &Console,
    session: &Session,
    (place, name): (&Place<'_>, &str),
    (fields, arguments): (&Fields, &mut BTreeMap<&str, String>),
) -> Result<(), Refusal> {
    let refused = |detail| Refusal { status: StatusCode::UNPROCESSABLE_ENTITY, detail };
    if (place.processor, name) == (DEAD_LETTER, EDIT)
        && let Some(sent) = arguments.get_mut(VALUE)
    {
        let found = console.api.entry(&session.caller, place).await?;
        *sent = letter::edited(letter::value(&found), sent).map_err(refused)?;
    }
    let has_form = fields.keys().any(|field| field.starts_with(form::PREFIX));
    if has_form && (place.processor, name) == (FLOW, COMPLETE) {
        let found = console.api.entry(&session.caller, place).await?;
        let step = arguments.get(STEP).map(String::as_str).unwrap_or_default();
        let gone = || refused(format!("{step} waits no more, or has another form: its result was not sent"));
        let form = flow::form(&found, step).ok_or_else(gone)?;
        arguments.insert(RESULT, form.result(fields).map_err(refused)?);
    }
    Ok(())
}

async fn page(
    console: &Console,
    session: &Session,
    (place, name): (&Place<'_>, &str),
    (fields, refused): (&Fields, Option<&str>),
) -> Result<View, Refusal> {
    let (api, caller) = (&console.api, &session.caller);
    let Place { application, processor, key } = *place;
    let (_, links) = super::links(api, caller).await?;
    let entry = api.entry(caller, place).await?;
    let commands = api.commands(caller, application, processor).await?;
    let command = items(&commands).find(|command| *field(command, "name") == *name).ok_or_else(|| Refusal {
        status: StatusCode::NOT_FOUND,
        detail: format!("{processor} has no command {name}"),
    })?;
    let is_edit = processor == DEAD_LETTER && name == EDIT;
    let choices = if processor == FLOW { flow::choices(name, &entry) } else { Vec::new() };
    let chosen = match (fields.get(&format!("argument.{STEP}")), choices.as_slice()) {
        (Some(step), _) if !step.is_empty() => step.clone(),
        (_, [only]) => only.clone(),
        _ => String::new(),
    };
    // Who has written JSON goes on with it.
    let has_result = fields.get(&format!("argument.{RESULT}")).is_some_and(|result| !result.is_empty());
    let has_form = (processor, name) == (FLOW, COMPLETE) && !has_result;
    let form = if has_form { flow::form(&entry, &chosen) } else { None };
    let arguments = field(command, "arguments").as_array().into_iter().flatten();
    let arguments = arguments.map(|argument| {
        let shown = of(argument, fields, |name| former(&entry, is_edit, name));
        match (field(argument, "name").as_str().unwrap_or_default(), form) {
            // The form is that of this step.
            (STEP, Some(_)) => context! { choices => vec![chosen.clone()], ..shown },
            (STEP, None) if !choices.is_empty() => context! { choices => choices.clone(), ..shown },
            (RESULT, Some(form)) => context! { form => form.fields(fields), ..shown },
            _ => shown,
        }
    });
    let value = |name: &str| fields.get(name).cloned();
    Ok(context! {
        here => link::commands(application, processor),
        is_unknown => is_edit && letter::value(&entry).is_none(),
        back => link::entry(application, processor, key),
        command => context! { arguments => arguments.collect::<Vec<_>>(), ..json(command) },
        entry => json(&entry),
        id => value("id").unwrap_or_else(Console::command_id),
        why => value("why"),
        links, application, processor, key, refused,
    })
}

/// What the entry has of an argument: of a letter that is edited the value of its record, of others the text of this name in the content, as a
/// delivery that could not be rendered has its submission.
fn former<'a>(entry: &'a Value, is_edit: bool, name: &str) -> Option<&'a str> {
    if is_edit && name == VALUE {
        return letter::value(entry);
    }
    field(field(entry, "content"), name).as_str()
}

/// A field of the form, with what was sent before, or else with what the entry has.
fn of<'a>(argument: &Value, fields: &'a Fields, former: impl FnOnce(&str) -> Option<&'a str>) -> View {
    let name = field(argument, "name").as_str().unwrap_or_default();
    let value = fields.get(&format!("argument.{name}")).map(String::as_str).or_else(|| former(name));
    context! { value, is_long => LONG.contains(&name), ..json(argument) }
}
