//! What is added to a script before it is lowered, and what it may not have.
//!
//! An overflow of the engine's stack is an error that a script can catch, and how deep a stack is differs from one build of the engine to another. So each
//! `try` has one within it, which tells the realm what is thrown there: `try { try { … } catch (e) { throw __sheafCaught(e); } } catch …`, and one with `catch`
//! and `finally` has another one around the former. Nothing is moved to another line.

use oxc_ast::ast::{
    ArrowFunctionExpression, AwaitExpression, ForOfStatement, Function, ImportExpression, Program, TryStatement,
};
use oxc_ast_visit::{Visit, walk};
use oxc_semantic::ScopeFlags;

/// The global function that is told each error that is caught.
pub(super) const CAUGHT: &str = "__sheafCaught";

/// What is inserted at the beginning and at the end of a block.
const OPEN: &str = " try {";

/// What is found in a script.
#[derive(Default)]
struct Found {
    /// What is put into a `try` of its own, from and to these bytes.
    guarded: Vec<(usize, usize)>,
    /// What it may not have, with the place.
    refused: Vec<(usize, &'static str)>,
    /// How many functions are around this place.
    depth: u32,
}

/// The script with a `try` within each block that can catch.
pub(super) fn guarded(source: &str, program: &Program<'_>) -> Result<String, Vec<(usize, String)>> {
    let mut found = Found::default();
    found.visit_program(program);
    let mut refused: Vec<(usize, String)> = found.refused.iter().map(|(at, what)| (*at, (*what).to_owned())).collect();
    if let Some(at) = source.find(CAUGHT) {
        refused.push((at, format!("`{CAUGHT}` is a name of the runtime's own")));
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    let close = format!("}} catch (e) {{ throw {CAUGHT}(e); }}");
    let mut inserts: Vec<(usize, &str)> =
        found.guarded.iter().flat_map(|(begin, end)| [(*begin, OPEN), (*end, close.as_str())]).collect();
    inserts.sort_by_key(|(at, _)| *at);
    let (mut text, mut done) = (String::with_capacity(source.len() + inserts.len() * close.len()), 0);
    for (at, insert) in inserts {
        text.push_str(source.get(done..at).unwrap_or_default());
        text.push_str(insert);
        done = at;
    }
    text.push_str(source.get(done..).unwrap_or_default());
    Ok(text)
}

fn offset(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

impl Found {
    fn refuse(&mut self, at: u32, what: &'static str) {
        self.refused.push((offset(at), what));
    }
}

impl<'a> Visit<'a> for Found {
    fn visit_try_statement(&mut self, it: &TryStatement<'a>) {
        // Between its braces.
        self.guarded.push((offset(it.block.span.start) + 1, offset(it.block.span.end) - 1));
        if let (Some(handler), Some(_)) = (&it.handler, &it.finalizer) {
            // What the handler throws, and the binding of its parameter, before `finally` does away with it.
            self.guarded.push((offset(it.span.start), offset(handler.span.end)));
        }
        walk::walk_try_statement(self, it);
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        if it.r#async && it.generator {
            self.refuse(it.span.start, "async generators are not there: a workflow waits in async functions");
        }
        self.depth += 1;
        walk::walk_function(self, it, flags);
        self.depth -= 1;
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        self.depth += 1;
        walk::walk_arrow_function_expression(self, it);
        self.depth -= 1;
    }

    fn visit_await_expression(&mut self, it: &AwaitExpression<'a>) {
        if self.depth == 0 {
            self.refuse(it.span.start, "`await` outside of a function: no thread runs yet; wait in `main`");
        }
        walk::walk_await_expression(self, it);
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        if it.r#await {
            self.refuse(it.span.start, "`for await` is not there: write `for` and `await` each value");
        }
        walk::walk_for_of_statement(self, it);
    }

    fn visit_import_expression(&mut self, it: &ImportExpression<'a>) {
        self.refuse(it.span.start, "`import()` is not there: a script is one file");
        walk::walk_import_expression(self, it);
    }
}
