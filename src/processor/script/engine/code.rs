//! A script as JavaScript whose async functions are generators.
//!
//! Types are stripped, and `async` is lowered to calls of `babelHelpers.asyncToGenerator`, which the runtime library has: so each call of an
//! async function is an object that knows what it waits for, and can be cancelled there.

use std::path::Path;

use oxc_allocator::Allocator;
use oxc_codegen::Codegen;
use oxc_parser::Parser;
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;
use oxc_transformer::{HelperLoaderMode, TransformOptions, Transformer};

/// The most mistakes that are told of one script.
const MISTAKES_MAX: usize = 20;

/// A script, ready to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Its name in stack traces.
    pub name: String,
    /// The JavaScript, as a module.
    pub javascript: String,
}

/// The mistakes of a script, each with its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct CodeMistake(pub Vec<String>);

impl Code {
    /// Reads a script; `name` tells by its end what it is: `.ts`, `.js`, `.mts` or `.mjs`.
    pub fn new(name: &str, source: &str) -> Result<Self, CodeMistake> {
        let allocator = Allocator::default();
        let kind = SourceType::from_path(name).map_err(|_unknown| {
            CodeMistake(vec![format!("{name}: a script is a file `.ts`, `.js`, `.mts` or `.mjs`")])
        })?;
        let parsed = Parser::new(&allocator, source, kind.with_module(true)).parse();
        told(name, source, parsed.diagnostics)?;
        let mut program = parsed.program;
        let checked = SemanticBuilder::new().with_check_syntax_error(true).with_enum_eval(true).build(&program);
        told(name, source, checked.diagnostics)?;
        let scoping = checked.semantic.into_scoping();
        let mut options = TransformOptions::default();
        options.env.es2017.async_to_generator = true;
        options.env.es2018.async_generator_functions = true;
        options.helper_loader.mode = HelperLoaderMode::External;
        let lowered = Transformer::new(&allocator, Path::new(name), &options).build_with_scoping(scoping, &mut program);
        told(name, source, lowered.diagnostics)?;
        Ok(Self { name: name.to_owned(), javascript: Codegen::new().build(&program).code })
    }
}

/// Mistakes as `name:line:column: what`.
fn told(
    name: &str,
    source: &str,
    mistakes: impl IntoIterator<Item = oxc_diagnostics::OxcDiagnostic>,
) -> Result<(), CodeMistake> {
    let texts: Vec<String> =
        mistakes.into_iter().take(MISTAKES_MAX).map(|mistake| place(name, source, &mistake)).collect();
    if texts.is_empty() { Ok(()) } else { Err(CodeMistake(texts)) }
}

fn place(name: &str, source: &str, mistake: &oxc_diagnostics::OxcDiagnostic) -> String {
    let start = mistake.labels.first().and_then(|label| usize::try_from(label.offset()).ok());
    let before = start.and_then(|start| source.get(..start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{name}:{line}:{column}: {}", mistake.message)
}
