//! The nodes of a folder: the folder itself, its sub-folders and its jobs.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::answer::Problem;
use super::field::{inner, text};
use super::node::{Folder, Keep, Kind, Labels, Node};
use super::{action, defaults, event, flow, job};

/// Reads a folder. `definition` has the defaults.
pub(super) fn folder(
    name: &str,
    body: &Map<String, Value>,
    definition: &Map<String, Value>,
) -> Result<Folder, Vec<Problem>> {
    let body = defaults::applied(body, definition);
    let mut reader = Reader { definition, nodes: Vec::new(), flows: Vec::new(), problems: Vec::new() };
    reader.container(name, &body, None);
    reader.flows();
    let Reader { nodes, problems, .. } = reader;
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Folder {
        name: name.to_owned(),
        smart: text(&body, "Type") == "Folder",
        server: text(&body, "ControlmServer"),
        clean_ended_ok: text(&body, "ActiveRetentionPolicy") == "CleanEndedOK",
        nodes,
        source: Value::Object(body),
    })
}

struct Reader<'a> {
    definition: &'a Map<String, Value>,
    nodes: Vec<Node>,
    /// Each flow with the node that it stands in.
    flows: Vec<(usize, Map<String, Value>)>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    /// Appends a folder or sub-folder and all in it. The depth of recursion is that of the JSON, which `serde_json` bounds.
    fn container(&mut self, name: &str, body: &Map<String, Value>, parent: Option<usize>) {
        let place = self.node(name, body, parent);
        for (name, inside) in inner(body) {
            match text(inside, "Type").as_str() {
                "SubFolder" => self.container(name, &defaults::applied(inside, self.definition), Some(place)),
                kind if kind.starts_with("Job:") => {
                    self.node(name, &defaults::applied(inside, self.definition), Some(place));
                }
                "Flow" => self.flows.push((place, inside.clone())),
                _ => {}
            }
        }
    }

    fn node(&mut self, name: &str, body: &Map<String, Value>, parent: Option<usize>) -> usize {
        let above = parent.and_then(|place| self.nodes.get(place));
        let path = match above {
            None => name.to_owned(),
            Some(above) if above.parent.is_none() => above.name.clone(),
            Some(above) => format!("{}/{}", above.path, above.name),
        };
        let kind = match text(body, "Type").split_once(':') {
            Some(("Job", kind)) => Kind::Job(kind.to_owned()),
            _ if parent.is_none() => Kind::Folder,
            _ => Kind::SubFolder,
        };
        let keep = |field, inherited: Option<Keep>| keep(&text(body, field)).or(inherited).unwrap_or_default();
        let mut node = Node {
            name: name.to_owned(),
            path,
            parent,
            kind,
            labels: labels(body, above.map(|above| &above.labels)),
            confirm: body.get("Confirm").is_some_and(|value| value == true || value == "true"),
            keep: keep("DaysKeepActive", above.map(|above| above.keep)),
            keep_if_not_ok: keep("DaysKeepActiveIfNotOk", above.map(|above| above.keep_if_not_ok)),
            ..Node::default()
        };
        for (_, inside) in inner(body) {
            if let Err(problem) = self::inside(&mut node, inside) {
                self.problems.push(problem);
            }
        }
        if let Err(problem) = job::complete(&mut node, body) {
            self.problems.push(problem);
        }
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn flows(&mut self) {
        let mut used = BTreeMap::new();
        for (place, flow) in std::mem::take(&mut self.flows) {
            flow::expand(&flow, place, &mut self.nodes, &mut used);
        }
    }
}

/// Reads an object that lies in a node: events, conditions, resources. The key is free; the type says what it is.
fn inside(node: &mut Node, body: &Map<String, Value>) -> Result<(), Problem> {
    match text(body, "Type").as_str() {
        "WaitForEvents" => node.waits.extend(event::expression(&node.name, body)?),
        "AddEvents" => node.adds.extend(event::list(&node.name, body)?),
        "DeleteEvents" => node.deletes.extend(event::list(&node.name, body)?),
        _ => node.conditions.extend(action::condition(&node.name, body)?),
    }
    Ok(())
}

/// What the node says about itself, else what lies above it says.
fn labels(body: &Map<String, Value>, above: Option<&Labels>) -> Labels {
    let or_above = |field, of_above: fn(&Labels) -> &String| match (text(body, field), above) {
        (own, Some(above)) if own.is_empty() => of_above(above).clone(),
        (own, _) => own,
    };
    Labels {
        application: or_above("Application", |labels| &labels.application),
        sub_application: or_above("SubApplication", |labels| &labels.sub_application),
        description: text(body, "Description"),
        host: text(body, "Host"),
        run_as: or_above("RunAs", |labels| &labels.run_as),
    }
}

fn keep(text: &str) -> Option<Keep> {
    match text {
        "" => None,
        "Forever" => Some(Keep::Forever),
        days => days.parse().ok().map(Keep::Days),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::node::{Keep, Kind};
    use super::super::read;

    #[test]
    fn defaults_job_lists_and_sub_folders_are_understood() {
        let text = json!({
            "Defaults": { "ControlmServer": "smprod", "Application": "app", "Job": { "DaysKeepActive": "2" },
                          "Job:Command": { "Host": "h1" } },
            "f": { "Type": "Folder", "a": { "Type": "Job:Command", "Command": "x" },
                   "flow": { "Type": "Flow", "Sequence": ["a", "b"] },
                   "Jobs": [{ "Name": "b", "Type": "Job:Dummy", "Application": "own" }],
                   "s": { "Type": "SubFolder", "t": { "Type": "SubFolder", "c": { "Type": "Job:Dummy" } } } },
            "g": { "Type": "SimpleFolder", "a": { "Type": "Job:Dummy", "DaysKeepActive": "Forever" } },
        });
        let folders = read(text.to_string().as_bytes(), &["smprod".to_owned()]).unwrap().folders;
        let node = |name: &str| folders[0].nodes.iter().find(|node| node.name == name).unwrap();
        let (a, b, c) = (node("a"), node("b"), node("c"));
        assert_eq!((a.kind.clone(), a.labels.application.as_str()), (Kind::Job("Command".to_owned()), "app"));
        assert_eq!((a.labels.host.as_str(), b.labels.host.as_str()), ("h1", ""));
        assert_eq!((b.labels.application.as_str(), b.keep), ("own", Keep::Days(2)));
        assert_eq!((c.path.as_str(), b.path.as_str(), folders[0].nodes[0].path.as_str()), ("f/s/t", "f", "f"));
        assert_eq!((a.adds[0].name.as_str(), b.deletes[0].name.as_str(), b.waits.len()), ("a-TO-b", "a-TO-b", 1));
        assert_eq!((folders[0].smart, folders[1].smart), (true, false));
        assert_eq!(folders[1].nodes[1].keep, Keep::Forever);
    }
}
