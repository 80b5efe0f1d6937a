//! A flow as a flowchart in Mermaid's language.

use super::element::{exits, goes_on, has_exit};
use super::label::{self, Symbol};
use crate::processor::flow::{Definition, Graph, Kind, ScopeId, Step, StepId};

/// The flowchart of a definition. Boxes come before the lines, because Mermaid puts a box where it is named first.
pub(super) fn draw(definition: &Definition) -> String {
    let mut chart = Chart { definition, lines: vec!["flowchart LR".to_owned()], links: Vec::new() };
    chart.lines.push(format!("  begin([{}])", quoted(&definition.start)));
    chart.scope(Graph::ROOT, 1);
    chart.lines.push("  finish([\"end\"])".to_owned());
    let graph = &definition.graph;
    let root = graph.scope(Graph::ROOT);
    for id in root.steps.iter().filter(|id| graph.step(**id).needs.is_empty()) {
        chart.links.push(format!("begin --> {}", box_name(*id)));
    }
    for id in exits(graph, Graph::ROOT) {
        chart.leave(id, "finish");
    }
    let Chart { mut lines, links, .. } = chart;
    lines.extend(links.into_iter().map(|link| format!("  {link}")));
    lines.push(String::new());
    lines.join("\n")
}

struct Chart<'a> {
    definition: &'a Definition,
    lines: Vec<String>,
    links: Vec<String>,
}

impl Chart<'_> {
    fn push(&mut self, depth: usize, line: &str) {
        self.lines.push(format!("{}{line}", "  ".repeat(depth)));
    }

    fn scope(&mut self, id: ScopeId, depth: usize) {
        let definition = self.definition;
        for step in &definition.graph.scope(id).steps {
            self.step(*step, depth);
        }
    }

    fn step(&mut self, id: StepId, depth: usize) {
        let graph = &self.definition.graph;
        let step = graph.step(id);
        let name = box_name(id);
        match step.kind {
            Kind::Scope(inner) if !graph.scope(inner).steps.is_empty() => {
                self.frame(&name, &self.title(id, " · "), inner, depth);
            }
            Kind::Scope(_)
            | Kind::Once
            | Kind::Request
            | Kind::Sleep(_)
            | Kind::Undo
            | Kind::Rerun(_)
            | Kind::Fail(_) => {
                let (open, close) = brackets(Symbol::of(self.definition, id));
                self.push(depth, &format!("{name}{open}{}{close}", quoted(&self.title(id, "\n"))));
            }
        }
        for need in step.needs.iter().filter(|need| has_exit(graph, **need)) {
            self.leave(*need, &name);
        }
        if let Kind::Rerun(target) = step.kind {
            self.links.push(format!("{name} -. again .-> {}", box_name(target)));
        }
        self.lanes(step, &name, depth);
    }

    /// The lanes of a step, beside it.
    fn lanes(&mut self, step: &Step, name: &str, depth: usize) {
        let graph = &self.definition.graph;
        let handlers = step.handlers.iter().map(|(trouble, scope)| (trouble.as_str(), *scope));
        let lanes: Vec<(&str, ScopeId)> = handlers.chain(step.undo.map(|scope| ("undo", scope))).collect();
        for (word, scope) in lanes.into_iter().filter(|(_, scope)| !graph.scope(*scope).steps.is_empty()) {
            let lane = format!("l{}", scope.0);
            self.frame(&lane, &format!("{}: {}", step.name, label::lane(graph, scope)), scope, depth);
            self.links.push(format!("{name} -. {word} .-> {lane}"));
        }
    }

    fn frame(&mut self, name: &str, title: &str, scope: ScopeId, depth: usize) {
        self.push(depth, &format!("subgraph {name}[{}]", quoted(title)));
        self.push(depth + 1, "direction LR");
        self.scope(scope, depth + 1);
        self.push(depth, "end");
    }

    /// Lines from a step, and from the handlers behind which the flow goes on.
    fn leave(&mut self, id: StepId, to: &str) {
        let graph = &self.definition.graph;
        let step = graph.step(id);
        if !super::element::is_ending(&step.kind) || step.has_condition {
            self.links.push(format!("{} --> {to}", box_name(id)));
        }
        for (_, scope) in step.handlers.iter().filter(|(_, scope)| goes_on(graph, *scope)) {
            let is_empty = graph.scope(*scope).steps.is_empty();
            let from = if is_empty { box_name(id) } else { format!("l{}", scope.0) };
            self.links.push(format!("{from} -.-> {to}"));
        }
    }

    fn title(&self, id: StepId, between: &str) -> String {
        let name = self.definition.graph.step(id).name.to_string();
        let lines: Vec<String> = [name].into_iter().chain(label::details(self.definition, id)).collect();
        lines.join(between)
    }
}

/// The name of a step's box.
fn box_name(id: StepId) -> String {
    format!("s{}", id.0)
}

/// The brackets of a box, which say its form.
const fn brackets(symbol: Symbol) -> (&'static str, &'static str) {
    match symbol {
        Symbol::Service | Symbol::Send | Symbol::Await | Symbol::Stage => ("[", "]"),
        Symbol::Human => ("[/", "/]"),
        Symbol::Sleep | Symbol::Rerun | Symbol::Undo => ("([", "])"),
        Symbol::Fail => ("{{", "}}"),
    }
}

/// A text in quotes. Mermaid reads Markdown and HTML in it, so all that is neither a letter nor a digit is a number.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for next in text.chars() {
        match next {
            '\n' => quoted.push_str("<br/>"),
            ' ' | ',' | '.' | ':' | '-' | '_' | '·' | '(' | ')' | '=' | '/' | '\'' | '+' => quoted.push(next),
            _ if next.is_alphanumeric() => quoted.push(next),
            _ if next.is_control() => quoted.push(' '),
            _ => quoted.extend([format!("#{};", u32::from(next))]),
        }
    }
    quoted.push('"');
    quoted
}
