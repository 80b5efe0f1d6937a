//! `GET /{processor}/commands` and `POST /{processor}/entries/{key}/commands/{name}`: commands to entries.

use std::collections::BTreeMap;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ask::{Answer, Shared, ask};
use super::entry_query::ApplicationQuery;
use crate::admin::api::answer::{Audit, Command};
use crate::admin::api::problem::{Failure, Unknown};
use crate::admin::api::{ListQuery, Page, Port, Problem, scope};
use crate::admin::{Caller, Role};
use crate::model::{Clock as _, Key, RejectReason};
use crate::processor::{self, InvalidCommand, check};
use crate::runtime::{AuditVerdict, CommandError, SystemClock};

/// A command to an entry.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    /// The id, the same each time that the command is sent; without one it is given an id.
    #[schema(value_type = Option<String>, format = "uuid", examples("5e6c3fcd-2a45-4f0e-9d0c-4f1b7f3f2a11"))]
    id: Option<Uuid>,
    /// The arguments, by name.
    #[serde(default)]
    arguments: BTreeMap<String, String>,
    /// The reason, for the audit.
    #[serde(default)]
    #[schema(examples("the children come after the holiday"))]
    why: String,
}

/// The commands of a processor
#[utoipa::path(get, path = "/{processor}/commands", operation_id = "list_commands", tag = "commands",
    params(("processor" = String, Path, description = "The processor: `bundle`, `delivery`."), ListQuery),
    responses((status = 200, description = "The commands.", body = Page<Command>), Unknown, Failure))]
pub(super) async fn list(
    State(port): State<Shared>,
    Path(processor): Path<String>,
    Query(query): Query<ListQuery>,
) -> Answer<Page<Command>> {
    ask(port, move |port| {
        let application = scope::with_processor(port, &processor, query.application.as_deref())?;
        let commands = port.commands(&application, &processor).iter().map(Command::from).collect();
        crate::admin::api::page::page(commands, |command: &Command| command.name.clone(), &query)
    })
    .await
}

/// Send a command to an entry
///
/// The command is executed by the instance that processes the entry, exactly once, and the answer is its audit. One that is sent
/// again with the same id, or demands what is so already, changes nothing.
#[utoipa::path(post, path = "/{processor}/entries/{key}/commands/{name}", operation_id = "send_command", tag = "commands",
    params(("processor" = String, Path, description = "The processor: `bundle`, `delivery`."),
        ("key" = String, Path, description = "The key of the entry: of a bundle its id."),
        ("name" = String, Path, description = "The command."), ApplicationQuery),
    request_body = Order,
    responses((status = 200, description = "It was executed.", body = Audit),
        (status = 403, description = "The token does not have the role.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "An argument is missing, unknown or not of its form.", body = Problem,
            content_type = "application/problem+json"),
        Unknown, Failure))]
pub(super) async fn send(
    State(port): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path((processor, key, name)): Path<(String, String, String)>,
    Query(query): Query<ApplicationQuery>,
    order: Result<Json<Order>, JsonRejection>,
) -> Answer<Audit> {
    let Json(Order { id, arguments, why }) =
        order.map_err(|error| Problem::new(error.status(), "bad_request", error.body_text()))?;
    let at = SystemClock.now();
    let by = caller.name.clone();
    // Without an id it is another command each time; one key has no two of them in one millisecond that are the same.
    let given =
        || Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{at} {by} {processor} {key} {name} {arguments:?}").as_bytes());
    let command = processor::Command {
        id: id.unwrap_or_else(given),
        name,
        arguments,
        by: by.clone(),
        why,
        at,
        traceparent: None,
    };
    ask(port, move |port| execute((port, &caller), (&processor, query.application.as_deref()), &key, &command)).await
}

/// Executes a command, if its caller may send it.
pub(super) fn execute(
    (port, caller): (&dyn Port, &Caller),
    (processor, application): (&str, Option<&str>),
    key: &str,
    command: &processor::Command,
) -> Result<Audit, Problem> {
    let application = scope::with_processor(port, processor, application)?;
    let spec = check(port.commands(&application, processor), command).map_err(|error| invalid(&error))?;
    caller.needs(if spec.is_dangerous { Role::Admin } else { Role::Act })?;
    let audit = port.execute(&application, processor, (&Key::new(key), command)).map_err(|error| failed(&error))?;
    match audit.verdict {
        AuditVerdict::Accepted => Ok(audit.into()),
        AuditVerdict::Rejected { reason, detail } => Err(rejected(&reason, &detail)),
    }
}

fn invalid(error: &InvalidCommand) -> Problem {
    match error {
        InvalidCommand::Unknown { .. } => Problem::not_found("unknown_command", error.to_string()),
        InvalidCommand::UnknownArgument { .. } | InvalidCommand::Missing { .. } | InvalidCommand::Value { .. } => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_command", error.to_string())
        }
    }
}

/// The entry does not allow the command, or is no entry.
fn rejected(reason: &str, detail: &str) -> Problem {
    let code = if reason == RejectReason::BadCommand.as_str() { "rejected" } else { reason };
    Problem::new(StatusCode::CONFLICT, code, detail)
}

fn failed(error: &CommandError) -> Problem {
    let code = match error {
        CommandError::TimedOut { .. } => "not_executed_yet",
        CommandError::Broker(_) | CommandError::NoTopic { .. } => "broker",
    };
    tracing::warn!(%error, "a command of the HTTP API has no answer");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, error.to_string())
}
