//! The key `flow`: staged templates, or steps in YAML.
//!
//! ```yaml
//! name: food
//! flow: { templates: [templates/italian.json], reads: [{ topic: workflow-events }] }
//! ```
//!
//! | file | keys |
//! |---|---|
//! | this file | `templates`, `keep_closed`, and the flow as a whole |
//! | `reads` | `reads`, `writes` |
//! | `steps` | `start`, `steps` |
//! | `body`, `task`, `call` | what one step does |
//! | `known` | what is known when a step is read |
//! | `value` | values with expressions |
//! | `time` | durations, `retry` |

mod body;
mod call;
mod known;
mod reads;
mod steps;
mod task;
mod time;
mod value;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use self::known::read_if;
use crate::codec::yaml::Item;
use crate::model::Topic;
use crate::processor::erase;
use crate::processor::flow::{
    Definition, Definitions, FLOW, FLOWS, Flows, KEEP_CLOSED_DEFAULT, MESSAGES, Reads, Settings, TASK_WORDS, Writes,
};
use crate::topology::{Node, Output, Source, StartAt, internal_topic};

/// A processor of flows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The paths of staged templates; they are read by the caller.
    pub templates: Vec<PathBuf>,
    /// The flow of the file itself.
    pub steps: Option<Arc<Definition>>,
    /// The sources of messages, and where the first start begins each.
    pub reads: Vec<(Reads, Option<StartAt>)>,
    /// How messages are written.
    pub writes: Option<Writes>,
    /// For how long a flow is kept after its end.
    pub keep_closed: Duration,
}

impl Flow {
    /// The processor for an application, with the definitions of its templates or its own.
    pub fn processor(&self, application: &str, definitions: &Definitions) -> Flows {
        let settings = Settings {
            application: application.to_owned(),
            reads: self.reads.iter().map(|(reads, _)| reads.clone()).collect(),
            writes: self.writes.clone(),
            keep_closed: self.keep_closed,
        };
        Flows::new(settings, definitions.clone())
    }

    /// The definitions of the file itself, for a file without templates.
    pub fn definitions(&self) -> Definitions {
        Definitions::new(self.steps.iter().map(|definition| (**definition).clone()))
    }

    /// The sources, for the node with this index.
    pub(super) fn sources(&self, node: usize, flows: &Flows) -> Vec<Source> {
        let start =
            |topic: &str| self.reads.iter().find(|(reads, _)| reads.topic == topic).and_then(|(_, start)| *start);
        let source =
            |(topic, keying)| Source { topic: Topic::new(topic), node, keying: Arc::new(keying), start: start(topic) };
        flows.keyings().map(source).collect()
    }

    /// The node: an output for each topic of tasks, for messages, and for the ends of flows.
    pub(super) fn node(&self, application: &str, flows: Flows, definitions: &Definitions) -> Node {
        let queues = definitions.queues();
        let mut outputs: Vec<Output> = queues.iter().map(|queue| Output::public(&**queue, Topic::new(queue))).collect();
        outputs.extend(self.writes.iter().map(|writes| Output::public(MESSAGES, Topic::new(&writes.topic))));
        outputs.push(Output::own(FLOWS, internal_topic(application, FLOWS)));
        Node::new(FLOW, erase(flows), outputs)
    }
}

/// Reads the key `flow` of the file with this name and text.
pub(super) fn read(item: &Item<'_>, (name, text): (&str, &str)) -> Option<Flow> {
    let mut fields = item.fields()?;
    // All keys are read before the first `?`, so that all mistakes are reported.
    let templates = fields.item("templates");
    let start = fields.item("start");
    let steps = fields.item("steps");
    let reads = fields.required_item("reads").and_then(|item| reads::reads(&item));
    let writes = fields.item("writes");
    let has_writes = writes.is_some();
    let written = read_if(writes.as_ref(), |item| reads::writes(item, name));
    let keep_closed = read_if(fields.item("keep_closed").as_ref(), time::positive);
    fields.finish();
    let definition = match (&templates, &start, &steps) {
        (Some(_), Some(other), _) | (Some(_), None, Some(other)) => {
            let hint = "remove it, or `templates`; two files may read one topic".to_owned();
            other.problem("the flows of this file are staged templates", Some(hint));
            None
        }
        (Some(_), None, None) => Some(None),
        (None, Some(start), Some(list)) => steps::read((start, list), (name, text), has_writes).map(Some),
        (None, Some(_), None) | (None, None, _) => {
            let hint = "add `templates: [FILE.json]`, or `start: TYPE` and `steps: [..]`".to_owned();
            item.problem("there is no flow", Some(hint));
            None
        }
    };
    let templates = read_if(templates.as_ref(), paths);
    let (reads, steps, written) = (reads?, definition?, written.ok()?);
    if let (Some(Writes { embeds_key: true, .. }), Some(item)) = (&written, &writes)
        && reads.iter().all(|(reads, _)| reads.correlation.is_none())
    {
        let hint = "name the place of the correlation id: `reads: [{ topic: .., correlation: /correlationid }]`";
        item.problem(
            "`correlation: embedded` finds no key, because no source has a `correlation`",
            Some(hint.to_owned()),
        );
        return None;
    }
    if let (Some(definition), Some(start)) = (&steps, &start) {
        let is_read = |writes: &Writes| reads.iter().any(|(reads, _)| reads.topic == writes.topic);
        let starts_itself = steps::sends(definition, &definition.start) && written.as_ref().is_some_and(is_read);
        let names_twice = definition.awaited().any(|kind| *kind == definition.start);
        let words = definition.awaited().chain([&definition.start]);
        if let Some(word) = words.into_iter().find(|kind| TASK_WORDS.contains(&&***kind)) {
            let hint = "choose another type: answers to tasks have this one".to_owned();
            start.problem(format!("`{word}` begins no flow, and no step can wait for it"), Some(hint));
            return None;
        }
        if names_twice {
            let hint = "let the step wait for another type".to_owned();
            start.problem(format!("a step waits for `{}`, which begins a flow", definition.start), Some(hint));
            return None;
        }
        if starts_itself {
            let hint = "let it send a message of another type, or write to another topic".to_owned();
            start.problem(
                format!("a flow sends `{}`, which would begin the next one without end", definition.start),
                Some(hint),
            );
            return None;
        }
    }
    Some(Flow {
        templates: templates.ok()?.unwrap_or_default(),
        steps: steps.map(Arc::new),
        reads,
        writes: written,
        keep_closed: keep_closed.ok()?.unwrap_or(KEEP_CLOSED_DEFAULT),
    })
}

fn paths(item: &Item<'_>) -> Option<Vec<PathBuf>> {
    let paths = item.texts()?;
    if paths.is_empty() {
        item.problem("there is no template", Some("add the path of a staged template in JSON".to_owned()));
        return None;
    }
    Some(paths.into_iter().map(PathBuf::from).collect())
}
