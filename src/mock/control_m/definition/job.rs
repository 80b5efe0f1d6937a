//! A job's own properties: its work, its resources, its service.

use serde_json::{Map, Value};

use super::super::answer::Problem;
use super::field::{inner, text};
use super::node::{Kind, Node, Use};
use super::sla;
use super::work::Work;

/// Adds what only jobs have.
pub(super) fn complete(node: &mut Node, body: &Map<String, Value>) -> Result<(), Problem> {
    let Kind::Job(kind) = &node.kind else { return Ok(()) };
    node.work = match kind.as_str() {
        "Dummy" | "SLAManagement" => Work::none(),
        "EmbeddedScript" => Work::of(&text(body, "Script")),
        "Script" => Work::of(&script(body)),
        _ => Work::of(&text(body, "Command")),
    };
    if kind == "SLAManagement" {
        node.service = Some(sla::service(&node.name, body)?);
    }
    let limit = body.get("RerunLimit").and_then(Value::as_object);
    node.reruns_max = limit.and_then(|limit| text(limit, "Times").parse().ok()).unwrap_or(0);
    for (name, resource) in inner(body) {
        node.uses.extend(resource_of(&node.name, name, resource)?);
    }
    Ok(())
}

fn script(body: &Map<String, Value>) -> String {
    let arguments = body.get("Arguments").and_then(Value::as_array).into_iter().flatten();
    let words = arguments.filter_map(Value::as_str).map(str::to_owned);
    let path = [text(body, "FilePath"), text(body, "FileName")].join("/");
    [path].into_iter().chain(words).collect::<Vec<_>>().join(" ")
}

fn resource_of(item: &str, name: &str, body: &Map<String, Value>) -> Result<Option<Use>, Problem> {
    let name = name.to_owned();
    Ok(match text(body, "Type").as_str() {
        "Resource:Pool" | "Resource:Semaphore" => {
            let text = text(body, "Quantity");
            let quantity = if text.is_empty() { Some(1) } else { text.parse().ok() };
            let refused = || Problem::of(item, format!("The quantity '{text}' of the pool '{name}' is not a number"));
            let quantity = quantity.ok_or_else(refused)?;
            Some(Use::Pool { name, quantity })
        }
        "Resource:Lock" | "Resource:Mutex" => {
            let kind = [text(body, "LockType"), text(body, "MutexType")].concat();
            Some(Use::Lock { name, exclusive: kind != "Shared" })
        }
        _ => None,
    })
}
