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
        node.uses.extend(resource_of(name, resource));
    }
    Ok(())
}

fn script(body: &Map<String, Value>) -> String {
    let arguments = body.get("Arguments").and_then(Value::as_array).into_iter().flatten();
    let words = arguments.filter_map(Value::as_str).map(str::to_owned);
    let path = [text(body, "FilePath"), text(body, "FileName")].join("/");
    [path].into_iter().chain(words).collect::<Vec<_>>().join(" ")
}

fn resource_of(name: &str, body: &Map<String, Value>) -> Option<Use> {
    let name = name.to_owned();
    match text(body, "Type").as_str() {
        "Resource:Pool" | "Resource:Semaphore" => {
            // A quantity that is no number has been refused.
            Some(Use::Pool { name, quantity: text(body, "Quantity").parse().unwrap_or(1) })
        }
        "Resource:Lock" | "Resource:Mutex" => {
            let kind = [text(body, "LockType"), text(body, "MutexType")].concat();
            Some(Use::Lock { name, exclusive: kind != "Shared" })
        }
        _ => None,
    }
}
